// DepthToSpace: channels become pixels ("dense upsampling convolution", Wang et al., arXiv 1702.08502; sub-pixel
// convolution, Shi et al., arXiv 1609.05158).
#pragma once

#include "generators/kernel_spec.h"
#include "generators/tensor.h"

namespace atrous {

struct DepthToSpace {
    Halide::Func output;
    ImageVars v;
};

// Planar input (x, y, channels·block², n); output (x, y, channels, n), each side `block` times longer.
DepthToSpace depth_to_space(const DepthToSpaceSpec& spec, Halide::Func input, Halide::Expr block,
                            Halide::Expr channels);

}  // namespace atrous
