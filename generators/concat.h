// Concatenation of images along one axis: each input is written into its slice of the output, once.
#pragma once

#include <vector>

#include "Halide.h"
#include "generators/tensor.h"

namespace atrous {

struct Concat {
    Halide::Func output;               // update i writes the slice of input i
    std::vector<Halide::RDom> slices;  // along the axis, within input i
    int axis = 2;
    ImageVars v;
};

// Planar (x, y, c, n); `extents` are the inputs' along `axis` (0 is x). The other extents are equal.
Concat concat(const std::vector<Halide::Func>& inputs, const std::vector<Halide::Expr>& extents, int axis);

}  // namespace atrous
