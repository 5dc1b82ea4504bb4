// The inputs, parameters and output that the Generators of all kinds of convolution share.
#pragma once

#include "generators/dilated_conv.h"
#include "generators/generator_interface.h"

namespace atrous {

struct ConvInterface {
    Halide::GeneratorParam<ElementwiseFunction> activation{"activation", ElementwiseFunction::identity,
                                                           activation_spellings()};
    Halide::GeneratorParam<Residual> residual{"residual", Residual::none, residual_spellings()};
    ExpectedSize expected;

    ImageInput input{"input"};
    WeightsInput weights{"weights"};
    ChannelInput bias{"bias"};
    FloatInput alpha{"alpha", 0.f}, beta{"beta", 0.f};  // of the activation, see functions.h
    // Only where the activation or the residual needs them; they come last.
    ChannelInput* slope = nullptr;
    ImageInput* residual_input = nullptr;

    ImageOutput output{"output"};

    template <class Generator>
    void add_optional_inputs(Generator& generator) {
        if (activation == ElementwiseFunction::prelu) slope = &add_channels(generator, "slope");
        if (residual != Residual::none) residual_input = &add_image(generator, "residual_input");
    }

    // Fields that ConvInputs and TransposedConvInputs both have.
    template <class Inputs>
    void common_inputs(Inputs& in) {
        in.weights = weights;
        in.bias = bias;
        if (slope) in.slope = *slope;
        if (residual_input) in.residual = *residual_input;
        in.alpha = alpha;
        in.beta = beta;
        starts_at_zero(input);
        starts_at_zero(weights);
        starts_at_zero(bias);
    }

    SizeHint hint() const { return {expected.width, expected.height, expected.channels_in, expected.channels_out}; }

    // After `output` is set: its channels, and all estimates.
    void describe(int width, int height, int channels_out, const std::vector<Halide::Expr>& weight_extents) {
        output.dim(2).set_bounds(0, bias.dim(0).extent());
        estimate(input, {expected.width.value(), expected.height.value(), expected.channels_in.value(), 1});
        estimate(weights, weight_extents);
        estimate(bias, {channels_out});
        alpha.set_estimate(0.f);
        beta.set_estimate(0.f);
        if (slope) estimate(*slope, {channels_out});
        std::vector<Halide::Expr> result{width, height, channels_out, 1};
        if (residual_input) estimate(*residual_input, result);
        estimate(output, result);
    }
};

// Convolutions with a window. The output's width and height are the caller's: conv_size() or transposed_conv_size() of
// the padding wanted at either end; only the padding at the beginning decides what is read.
struct WindowInterface : ConvInterface {
    Halide::GeneratorParam<int> kernel_x{"kernel_x", 3, 1, 1024}, kernel_y{"kernel_y", 3, 1, 1024};
    Halide::GeneratorParam<int> stride_x{"stride_x", 1, 1, 1024}, stride_y{"stride_y", 1, 1, 1024};
    IntInput dilation_x{"dilation_x", 1, 1, 65535}, dilation_y{"dilation_y", 1, 1, 65535};
    IntInput pad_left{"pad_left", 0}, pad_top{"pad_top", 0};

    template <class Spec>
    Spec spec() const {
        Spec s;
        s.kernel_x = kernel_x;
        s.kernel_y = kernel_y;
        s.stride_x = stride_x;
        s.stride_y = stride_y;
        s.activation = activation;
        s.residual = residual;
        return s;
    }

    template <class Inputs>
    void window_inputs(Inputs& in) {
        common_inputs(in);
        in.dilation_x = dilation_x;
        in.dilation_y = dilation_y;
        in.pad_left = pad_left;
        in.pad_top = pad_top;
        weights.dim(0).set_bounds(0, kernel_x.value());
        weights.dim(1).set_bounds(0, kernel_y.value());
    }

    // As if padded by half the kernel at either end.
    void describe_window(int channels_out, Halide::Expr weights_in, Halide::Expr weights_out, bool transposed) {
        dilation_x.set_estimate(1);
        dilation_y.set_estimate(1);
        pad_left.set_estimate(kernel_x / 2);
        pad_top.set_estimate(kernel_y / 2);
        auto size = [&](int in, int stride) { return transposed ? in * stride : (in + stride - 1) / stride; };
        describe(size(expected.width, stride_x), size(expected.height, stride_y), channels_out,
                 {kernel_x.value(), kernel_y.value(), weights_in, weights_out});
    }
};

}  // namespace atrous
