// Interface of the Generators aspp and aspp_scheduled: branches of a 1×1 convolution (`pointwise`), one 3×3 convolution
// per rate, and the image's mean (`pooled`), in this order in weights_0, bias_0, … and in the output's channels.
#pragma once

#include "generators/aspp.h"
#include "generators/generator_interface.h"

namespace atrous {

struct AsppInterface {
    Halide::GeneratorParam<std::string> rates{"rates", "6,12,18"};
    Halide::GeneratorParam<bool> pointwise{"pointwise", true}, pooled{"pooled", true};
    Halide::GeneratorParam<ElementwiseFunction> activation{"activation", ElementwiseFunction::relu,
                                                           activation_spellings()};
    ExpectedSize expected;  // channels_out: of each branch

    ImageInput input{"input"};
    FloatInput alpha{"alpha", 0.f}, beta{"beta", 0.f};
    std::vector<LayerOperands> operands;  // of the branches
    ImageOutput output{"output"};

    // Kernel size and rate of each branch.
    std::vector<AsppBranch> branches() const {
        std::vector<AsppBranch> list;
        if (pointwise) list.push_back({.kernel = 1});
        for (int rate : parse_rates(rates)) list.push_back({.kernel = 3, .rate = rate});
        if (pooled) list.push_back({.kernel = 1});
        return list;
    }

    template <class Generator>
    void add_branches(Generator& generator) {
        _halide_user_assert(activation != ElementwiseFunction::prelu)
            << "activation=prelu: branches of aspp have no slopes; use leaky_relu\n";
        for (size_t i = 0; i < branches().size(); i++) operands.push_back(add_layer(generator, i));
    }

    ConvSpec conv_spec() const {
        ConvSpec spec;
        spec.activation = activation;
        return spec;
    }

    SizeHint hint() const { return {expected.width, expected.height, expected.channels_in, expected.channels_out}; }

    AsppInputs inputs() {
        AsppInputs in;
        starts_at_zero(input);
        in.input = zero_outside(input);
        in.width = input.dim(0).extent();
        in.height = input.dim(1).extent();
        in.pooled = pooled;
        in.alpha = alpha;
        in.beta = beta;
        in.branches = branches();
        for (size_t i = 0; i < in.branches.size(); i++) {
            AsppBranch& branch = in.branches[i];
            operands[i].constrain(branch.kernel, input.dim(2).extent());
            branch.weights = *operands[i].weights;
            branch.bias = *operands[i].bias;
            branch.ci_lanes = 1;
            branch.ci_blocks = input.dim(2).extent();
            branch.channels_out = operands[i].channels_out();
        }
        return in;
    }

    // After `output` is set.
    void describe(const AsppInputs& in) {
        int channels = expected.channels_in, width = expected.width, height = expected.height;
        int each = expected.channels_out;
        Halide::Expr all = 0;
        for (size_t i = 0; i < in.branches.size(); i++) {
            operands[i].describe(in.branches[i].kernel, channels, each);
            all += in.branches[i].channels_out;
        }
        output.dim(2).set_bounds(0, all);
        estimate(input, {width, height, channels, 1});
        estimate(output, {width, height, each * static_cast<int>(in.branches.size()), 1});
        alpha.set_estimate(0.f);
        beta.set_estimate(0.f);
    }
};

}  // namespace atrous
