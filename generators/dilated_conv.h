// Convolution with any kernel, stride, dilation, padding and grouping, with bias, residual and activation.
//   y(n, co, oy, ox) = activation(bias(co) + Σ x(n, ci, oy·sy + ky·dy − py, ox·sx + kx·dx − px) · w(co, ci, ky, kx))
// Dilated ("à trous") convolution: Yu and Koltun, arXiv 1511.07122.
#pragma once

#include "generators/kernel_spec.h"
#include "generators/tensor.h"

namespace atrous {

struct ConvInputs {
    Halide::Func input;      // c16 (c, x, y, cb, n) | planar (x, y, c, n), readable at all padded coordinates
    Halide::Func weights;    // c16 (c, ci, kx, ky, cib, cb) | planar (kx, ky, ci, co)
    Halide::Func bias;       // (c, cb) | (co)
    Halide::Func slope;      // prelu only, as bias
    Halide::Func residual;   // as output; only with spec.residual
    Halide::Expr ci_lanes;   // c16: input channels per block, at most 16
    Halide::Expr ci_blocks;  // c16: input blocks per group | planar: input channels per group
    Halide::Expr co_blocks;  // grouped only: output blocks | channels per group
    Halide::Expr height;  // c16: the input's; what lies above and below is zero and not multiplied. Undefined: read all
    Halide::Expr dilation_x = 1, dilation_y = 1, pad_left = 0, pad_top = 0, alpha = 0.f, beta = 0.f;
};

struct DilatedConv {
    Halide::Func sum, output;  // sum: bias, then (update 0) one multiply-add per tap and input channel
    Halide::RDom taps;         // c16 (ci, kx, ky, cib) | planar (kx, ky, ci)
    // Where the sum is made in parts: of so many input channel blocks each, (c, x, y, cb, n, part), added up by update
    // 0 of the sum; the taps are the part's.
    Halide::Func part;
    Halide::RDom parts;
    // c16: what the taps read, (ci, x, y, kx, ky, cib, cb, n) with the output's x, y and cb; inlined unless scheduled.
    Halide::Func pixels;
    Halide::Func weights;  // that the products read
    ImageVars v;
};

// depth, c16 only: the input channel blocks of a part; 0: no parts.
DilatedConv dilated_conv(const ConvSpec& spec, const ConvInputs& in, int depth = 0);

// y = activation(sum + residual) or activation(sum) + residual, shared by all kinds of convolution.
Halide::Expr finish(Halide::Expr sum, ElementwiseFunction activation, Residual residual, Halide::Expr slope,
                    Halide::Expr other, Halide::Expr alpha, Halide::Expr beta);

// The size of a convolution's output along one axis: floor((in + pad_begin + pad_end − (d·(k − 1) + 1)) / s) + 1.
int64_t conv_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad_begin, int64_t pad_end);

}  // namespace atrous
