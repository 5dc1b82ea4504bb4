// Interface of the Generators dilated_conv_stack, hdc_block (and their _scheduled ones): layers with the dilation rates
// given as a list, "same" padding, one weights and one bias buffer per layer (weights_0, bias_0, …, after the others).
#pragma once

#include "generators/dilated_conv_stack.h"
#include "generators/generator_interface.h"

namespace atrous {

struct StackInterface {
    Halide::GeneratorParam<std::string> rates{"rates", "1,2,5"};
    Halide::GeneratorParam<int> kernel{"kernel", 3, 1, 1023};  // odd
    Halide::GeneratorParam<ElementwiseFunction> activation{"activation", ElementwiseFunction::relu,
                                                           activation_spellings()};
    ExpectedSize expected;

    ImageInput input{"input"};
    FloatInput alpha{"alpha", 0.f}, beta{"beta", 0.f};
    std::vector<LayerOperands> layers;
    ImageOutput output{"output"};

    std::vector<int> rate_list() const { return parse_rates(rates); }

    template <class Generator>
    void add_layers(Generator& generator) {
        _halide_user_assert(kernel % 2 == 1)
            << "kernel=" << kernel.value() << ": \"same\" padding needs an odd kernel\n";
        _halide_user_assert(activation != ElementwiseFunction::prelu)
            << "activation=prelu: layers of a stack have no slopes; use leaky_relu, or single dilated_conv\n";
        for (size_t i = 0; i < rate_list().size(); i++) layers.push_back(add_layer(generator, i));
    }

    ConvSpec conv_spec() const {
        ConvSpec spec;
        spec.kernel_x = spec.kernel_y = kernel;
        spec.activation = activation;
        return spec;
    }

    SizeHint hint() const { return {expected.width, expected.height, expected.channels_in, expected.channels_out}; }

    StackInputs inputs() {
        StackInputs in;
        starts_at_zero(input);
        in.input = zero_outside(input);
        in.width = input.dim(0).extent();
        in.height = input.dim(1).extent();
        in.alpha = alpha;
        in.beta = beta;
        in.residual = input;
        std::vector<int> list = rate_list();
        for (size_t i = 0; i < list.size(); i++) {
            layers[i].constrain(kernel, i == 0 ? Halide::Expr(input.dim(2).extent()) : layers[i - 1].channels_out());
            in.layers.push_back({*layers[i].weights, *layers[i].bias, 1, layers[i].channels_in(), list[i]});
        }
        return in;
    }

    // After `output` is set. All layers' estimates have the same number of channels.
    void describe(bool same_channels) {
        int width = expected.width, height = expected.height;
        int in = expected.channels_in, out = same_channels ? in : expected.channels_out.value();
        Halide::Expr channels_out = layers.back().channels_out();
        output.dim(2).set_bounds(0, channels_out);
        if (same_channels) input.dim(2).set_extent(channels_out);
        estimate(input, {width, height, in, 1});
        estimate(output, {width, height, out, 1});
        for (size_t i = 0; i < layers.size(); i++) layers[i].describe(kernel, i == 0 ? in : out, out);
        alpha.set_estimate(0.f);
        beta.set_estimate(0.f);
    }
};

// What an unscheduled stack needs to finish in our lifetime: layers computed once. Autoschedulers decide themselves.
inline void compute_layers_once(DilatedConvStack& stack) {
    for (DilatedConv& layer : stack.layers) layer.output.compute_root();
}

}  // namespace atrous
