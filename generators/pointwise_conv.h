// 1×1 convolution: one matrix product per pixel (Lin et al., arXiv 1312.4400). A dilated_conv with one tap.
#pragma once

#include "generators/dilated_conv.h"

namespace atrous {

// Spec of a 1×1 convolution of stride 1.
ConvSpec pointwise_spec(Packing packing, ElementwiseFunction activation, Residual residual);

// As dilated_conv; weights c16 (c, ci, 1, 1, cib, cb) | planar (1, 1, ci, co). Padding and dilation are not used.
DilatedConv pointwise_conv(const ConvSpec& spec, ConvInputs in);

}  // namespace atrous
