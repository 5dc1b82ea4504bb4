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
    Halide::Var inner{"inner"}, outer{"outer"};
};

Argmax argmax(const ArgmaxSpec& spec, Halide::Func input, Halide::Expr length);

}  // namespace atrous
