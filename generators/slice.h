// A part of an image, or every step-th element of it: output(d) = input(begin + d·step).
#pragma once

#include <array>

#include "Halide.h"
#include "generators/tensor.h"

namespace atrous {

struct Slice {
    Halide::Func output;
    ImageVars v;
};

// Planar (x, y, c, n). Steps may be negative, to read backwards.
Slice slice(Halide::Func input, const std::array<Halide::Expr, 4>& begin, const std::array<Halide::Expr, 4>& step);

}  // namespace atrous
