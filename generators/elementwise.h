// Functions of one to three operands, element by element, with broadcasting; the activations among them.
#pragma once

#include <vector>

#include "Halide.h"
#include "generators/kernel_spec.h"

namespace atrous {

// f(x, y, z; alpha, beta) as functions.h defines it; unused operands may be undefined. Single precision: the
// exponential is Halide's (about 2 ulp), erf is accurate to 1e-7 absolute (rational form of Abramowitz and
// Stegun, 7.1.26, around the Taylor series near 0).
Halide::Expr apply_function(ElementwiseFunction function, Halide::Expr x, Halide::Expr y, Halide::Expr z,
                            Halide::Expr alpha, Halide::Expr beta);

struct Elementwise {
    Halide::Func output;
    Halide::Var d0{"d0"}, d1{"d1"}, d2{"d2"}, d3{"d3"}, d4{"d4"};
};

// Operands are five-dimensional (see ElementwiseSpec); `channels` is used in c16 only: lanes past it are 0, since
// functions like division could make Inf or NaN there, and a convolution would spread it.
Elementwise elementwise(const ElementwiseSpec& spec, const std::vector<Halide::Func>& operands, Halide::Expr channels,
                        Halide::Expr alpha, Halide::Expr beta);

}  // namespace atrous
