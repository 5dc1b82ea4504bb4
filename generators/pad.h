// Padding of a four-dimensional planar tensor: output(d) = input(d − begin), outside the input by mode.
#pragma once

#include <array>

#include "generators/kernel_spec.h"
#include "generators/tensor.h"

namespace atrous {

struct Pad {
    Halide::Func output;
    std::array<Halide::Var, 4> d{Halide::Var("d0"), Halide::Var("d1"), Halide::Var("d2"), Halide::Var("d3")};
};

// Reflect repeats with period 2·(extent − 1), the border pixel once, as numpy does.
Pad pad(const PadSpec& spec, Halide::Func input, const std::array<Halide::Expr, 4>& extent,
        const std::array<Halide::Expr, 4>& begin, Halide::Expr value);

}  // namespace atrous
