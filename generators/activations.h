// Activations as operators of their own: functions of one value, with a slope per channel or two parameters for all.
// (Softmax, which needs all channels of a pixel, is in softmax.h.)
#pragma once

#include "generators/functions.h"
#include "generators/tensor.h"

namespace atrous {

struct Activation {
    Halide::Func output;
    ImageVars v;
};

// Planar (x, y, c, n). `slope` (c) is for prelu only; alpha and beta as functions.h tells.
Activation activation(ElementwiseFunction function, Halide::Func input, Halide::Func slope, Halide::Expr alpha,
                      Halide::Expr beta);

}  // namespace atrous
