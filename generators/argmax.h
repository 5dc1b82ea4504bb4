// The index of the largest element along one axis of a planar (inner, axis, outer) tensor: the first of equals, or the
// last.
#pragma once

#include "generators/kernel_spec.h"
#include "generators/tensor.h"

namespace atrous {

struct Argmax {
    Halide::Func best;    // (inner, outer) → {value, index}
    Halide::Func output;  // (inner, outer), int64
    Halide::RDom axis;
    AxisVars v;
    Halide::Var d1{"d1"}, d2{"d2"}, d3{"d3"}, d4{"d4"};  // scattered: best and output are (inner, d1 … d4)
};

// `image`: along the channels of an image (x, y, c, n) instead; the output is (x, y, n).
Argmax argmax(const ArgmaxSpec& spec, Halide::Func input, Halide::Expr length, bool image = false);

}  // namespace atrous
