// Convolution to a few output channels, such as the last one of a network that tells object from background. A block of
// 16 output channels would be mostly padding: here the lanes of a vector are input channels, added up at the end.
#pragma once

#include "generators/dilated_conv.h"

namespace atrous {

struct NarrowConv {
    Halide::Func lanes;        // (c, x, y, co, n): update 0 has one multiply-add per tap and block of input channels
    Halide::Func sum, output;  // planar (x, y, co, n); sum: bias, then (update 0) the lanes
    Halide::RDom taps, lane;   // (kx, ky, cib); (c)
    ImageVars v;
};

// Input c16; weights (c, kx, ky, cib, co); bias and slope (co); no residual; ci_lanes and co_blocks are not used.
NarrowConv narrow_conv(const NarrowConvSpec& spec, const ConvInputs& in);

}  // namespace atrous
