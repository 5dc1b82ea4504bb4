// Instance normalisation (Ulyanov et al., arXiv 1607.08022) of a planar (inner, c, n) tensor: per (c, n) the mean and
// the variance over `inner`, in two passes (the second around the mean), then scale · (x − mean) / √(variance + ε) +
// bias.
#pragma once

#include "generators/kernel_spec.h"
#include "generators/tensor.h"

namespace atrous {

struct InstanceNorm {
    Halide::Func sum, square_sum, output;  // sums over (c, n), in double precision
    Halide::RDom inner_domain;
    Halide::Var inner{"inner"}, c{"c"}, n{"n"};
};

InstanceNorm instance_norm(const InstanceNormSpec& spec, Halide::Func input, Halide::Expr length, Halide::Func scale,
                           Halide::Func bias, Halide::Expr epsilon);

}  // namespace atrous
