// Transposed convolution by phases: outputs at x ≡ φ (mod stride) need only the kernel taps with k·d ≡ φ + pad (mod
// stride), so each phase is an ordinary convolution with its own part of the kernel and no inserted zero is multiplied
// (Shi et al., arXiv 1609.07009, show the equivalence).
//   H_out = (H_in − 1)·s − pads + d·(k − 1) + output_padding + 1
#pragma once

#include "generators/dilated_conv.h"

namespace atrous {

struct TransposedConvInputs {
    Halide::Func input;          // planar (x, y, c, n)
    Halide::Expr width, height;  // of the input; outside it counts as zero
    Halide::Func weights;        // (kx, ky, co within group, ci)
    Halide::Func bias, slope, residual;
    Halide::Expr ci_per_group, co_per_group;
    Halide::Expr dilation_x = 1, dilation_y = 1, pad_left = 0, pad_top = 0, alpha = 0.f, beta = 0.f;
};

struct TransposedConv {
    Halide::Func padded;  // the input with zeros around it
    Halide::Func first_x,
        first_y;  // per phase of (output + pad): the first tap that meets an input pixel, or the kernel size
    Halide::Func sum, output;
    Halide::RDom taps;  // (tap within phase x, y, ci)
    ImageVars v;
};

TransposedConv transposed_conv(const TransposedConvSpec& spec, const TransposedConvInputs& in);

// The size of the output along one axis.
int64_t transposed_conv_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad_begin,
                             int64_t pad_end, int64_t output_padding);

}  // namespace atrous
