// Softmax and its logarithm along one axis of a planar (inner, axis, outer) tensor, shifted by the maximum so that
// nothing overflows.
#pragma once

#include "generators/kernel_spec.h"
#include "generators/tensor.h"

namespace atrous {

struct Softmax {
    Halide::Func maximum, exponential_sum, output;
    Halide::RDom axis;
    Halide::Var inner{"inner"}, a{"a"}, outer{"outer"};
};

Softmax softmax(const SoftmaxSpec& spec, Halide::Func input, Halide::Expr length);

}  // namespace atrous
