#include "generators/aspp.h"

namespace atrous {

using namespace Halide;

namespace {

DilatedConv convolve(const ConvSpec& spec, const Func& input, const AsppInputs& in, const AsppBranch& branch) {
    ConvInputs operands;
    operands.input = input;
    operands.weights = branch.weights;
    operands.bias = branch.bias;
    operands.ci_lanes = branch.ci_lanes;
    operands.ci_blocks = branch.ci_blocks;
    operands.dilation_x = operands.dilation_y = branch.rate;
    operands.pad_left = operands.pad_top = branch.rate * (branch.kernel - 1) / 2;
    operands.alpha = in.alpha;
    operands.beta = in.beta;
    return dilated_conv(branch_spec(spec, branch), operands);
}

}  // namespace

ConvSpec branch_spec(ConvSpec spec, const AsppBranch& branch) {
    spec.kernel_x = spec.kernel_y = branch.kernel;
    return spec;
}

Aspp aspp(const ConvSpec& spec, const AsppInputs& in) {
    Aspp a;
    for (size_t i = 0; i < in.branches.size(); i++) {
        bool of_mean = in.pooled && i + 1 == in.branches.size();
        if (of_mean) {
            GlobalPoolSpec mean;
            mean.packing = spec.packing;
            a.mean = global_pool(mean, in.input, in.width, in.height);
        }
        a.branches.push_back(convolve(spec, of_mean ? a.mean.output : in.input, in, in.branches[i]));
    }
    return a;
}

Concat concat_branches(const std::vector<Func>& branches, const AsppInputs& in) {
    std::vector<Func> images = branches;
    std::vector<Expr> channels;
    for (const AsppBranch& branch : in.branches) channels.push_back(branch.channels_out);
    if (in.pooled) {
        ImageVars v;
        Func everywhere("mean_everywhere");
        everywhere(v.x, v.y, v.cb, v.n) = branches.back()(0, 0, v.cb, v.n);
        images.back() = everywhere;
    }
    return concat(images, channels, 2);
}

}  // namespace atrous
