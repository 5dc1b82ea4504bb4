// Atrous spatial pyramid pooling: the same features seen at several dilation rates at once (Chen et al., arXiv
// 1706.05587, figure 5): a 1×1 convolution, one 3×3 convolution per rate with "same" padding, and the image's mean
// through a 1×1 convolution, all concatenated along the channels in this order.
#pragma once

#include "generators/concat.h"
#include "generators/dilated_conv.h"
#include "generators/pool.h"

namespace atrous {

struct AsppBranch {
    Halide::Func weights, bias;  // as ConvInputs has them
    Halide::Expr ci_lanes, ci_blocks, channels_out;
    int kernel = 3, rate = 1;
};

struct AsppInputs {
    Halide::Func input;          // zero outside the image
    Halide::Expr width, height;  // of the image
    std::vector<AsppBranch> branches;
    bool pooled = true;  // the last branch sees the mean of the image, at every pixel; its kernel is 1
    Halide::Expr alpha = 0.f, beta = 0.f;
};

struct Aspp {
    std::vector<DilatedConv> branches;
    GlobalPool mean;  // with `pooled`
};

// Branches all in spec.packing; spec's kernel is not used.
Aspp aspp(const ConvSpec& spec, const AsppInputs& in);

// The planar branches (x, y, c, n) in one image; a pooled branch (0, 0, c, n) is repeated over it.
Concat concat_branches(const std::vector<Halide::Func>& branches, const AsppInputs& in);

// The spec of one branch.
ConvSpec branch_spec(ConvSpec spec, const AsppBranch& branch);

}  // namespace atrous
