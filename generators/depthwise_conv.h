// Convolution with one filter per channel (Howard et al., arXiv 1704.04861, after Sifre).
#pragma once

#include "generators/dilated_conv.h"

namespace atrous {

struct DepthwiseConv {
    Halide::Func sum, output;
    Halide::RDom taps;  // (kx, ky)
    ImageVars v;
};

// Inputs as for dilated_conv; weights c16 (c, kx, ky, cb) | planar (kx, ky, 1, c).
DepthwiseConv depthwise_conv(const DepthwiseConvSpec& spec, const ConvInputs& in);

}  // namespace atrous
