// Softmax and its logarithm along one axis of a planar (inner, axis, outer) tensor, shifted by the maximum so that
// nothing overflows.
#pragma once

#include "generators/kernel_spec.h"
#include "generators/tensor.h"

namespace atrous {

struct Softmax {
    Halide::Func maximum, exponential_sum, output;
    Halide::RDom axis;
    AxisVars v;
};

// `image`: along the channels of an image (x, y, c, n) instead.
Softmax softmax(const SoftmaxSpec& spec, Halide::Func input, Halide::Expr length, bool image = false);

}  // namespace atrous
