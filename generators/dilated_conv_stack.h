// Dilated convolutions one after the other, each with its own rate, all with the same kernel, "same" padding (sizes
// stay H×W at every rate) and activation: how receptive fields grow exponentially at full resolution (Yu and Koltun,
// arXiv 1511.07122). Rates should have no common divisor and rise like a sawtooth, or pixels are left out ("gridding":
// Wang et al., arXiv 1702.08502).
#pragma once

#include <vector>

#include "generators/dilated_conv.h"

namespace atrous {

// One layer's operands, as ConvInputs has them.
struct StackLayer {
    Halide::Func weights, bias;
    Halide::Expr ci_lanes, ci_blocks;
    int rate = 1;
};

struct StackInputs {
    Halide::Func input;          // zero outside the image
    Halide::Expr width, height;  // of the image
    std::vector<StackLayer> layers;
    Halide::Expr alpha = 0.f, beta = 0.f;
    Halide::Func residual;  // added by the last layer; only with a residual in its spec
};

struct DilatedConvStack {
    std::vector<DilatedConv> layers;
    std::vector<Halide::Func> padded;  // padded[i]: layer i with zeros outside the image, layer i + 1 reads it
    Halide::Func output;
};

// Kernels have odd sizes, so that padding is the same on both sides. `last` is the spec of the last layer.
DilatedConvStack dilated_conv_stack(const ConvSpec& spec, const ConvSpec& last, const StackInputs& in);

// "Same" padding of an odd kernel at either end.
inline int same_padding(int kernel, int rate) {
    return rate * (kernel - 1) / 2;
}

}  // namespace atrous
