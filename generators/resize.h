// Resampling over H,W as ONNX Resize defines it: nearest and linear, with its coordinate transformations.
#pragma once

#include "generators/kernel_spec.h"
#include "generators/tensor.h"

namespace atrous {

struct ResizeInputs {
    Halide::Func input;
    Halide::Expr width, height;          // of the input
    Halide::Expr out_width, out_height;  // of the output
    Halide::Expr scale_x, scale_y;       // ONNX scales, float
};

// Source position of one output coordinate: the lower neighbour, the upper one, and the weight of the upper one
// (nearest: only `low`). Each is a function of one coordinate, so that a schedule can keep it in a table.
struct ResizeAxis {
    Halide::Func low, high, weight;  // (coordinate)
};

struct Resize {
    ResizeAxis x, y;
    Halide::Func output;
    ImageVars v;
};

Resize resize(const ResizeSpec& spec, const ResizeInputs& in);

}  // namespace atrous
