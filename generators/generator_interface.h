// What the Halide::Generators of this folder (NAME) and of schedules/ (NAME_scheduled) have in common. For projects of
// Halide users: cmake/AtrousGenerators.cmake lists the sources, and nothing else of Atrous is needed.
//
// Buffers are planar N,C,H,W, in Halide's order (x, y, c, n); inputs start at 0, outputs may be any part of the result.
// GeneratorParams decide what is compiled; sizes and everything else are run-time inputs. Parameters named expected_*
// never change what is computed: autoschedulers get them as estimates, and our schedules choose their tiles by them.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "Halide.h"
#include "generators/functions.h"

namespace atrous {

using ImageInput = Halide::GeneratorInput<Halide::Buffer<float, 4>>;    // (x, y, c, n)
using WeightsInput = Halide::GeneratorInput<Halide::Buffer<float, 4>>;  // (kx, ky, ci, co), as ONNX and PyTorch have it
using ChannelInput = Halide::GeneratorInput<Halide::Buffer<float, 1>>;  // (c)
using ImageOutput = Halide::GeneratorOutput<Halide::Buffer<float, 4>>;
using IntInput = Halide::GeneratorInput<int32_t>;
using FloatInput = Halide::GeneratorInput<float>;

// Sizes of the input (and the output's channels) that the pipeline will mostly see.
struct ExpectedSize {
    Halide::GeneratorParam<int> width{"expected_width", 128}, height{"expected_height", 128};
    Halide::GeneratorParam<int> channels_in{"expected_channels_in", 64}, channels_out{"expected_channels_out", 64};
};

// The spellings of an enumeration for a GeneratorParam.
template <class Enum>
std::map<std::string, Enum> spelled(std::initializer_list<Enum> values) {
    std::map<std::string, Enum> names;
    for (Enum value : values) names[std::string(name_of(value))] = value;
    return names;
}

inline std::map<std::string, ElementwiseFunction> activation_spellings() {
    using F = ElementwiseFunction;
    return spelled({F::identity, F::relu, F::leaky_relu, F::prelu, F::clip, F::sigmoid, F::hard_sigmoid, F::hard_swish,
                    F::tanh, F::silu, F::gelu, F::gelu_tanh, F::elu, F::softplus});
}

inline std::map<std::string, Residual> residual_spellings() {
    return {{"none", Residual::none},
            {"before_activation", Residual::before_activation},
            {"after_activation", Residual::after_activation}};
}

// A Halide::Generator with one of the interfaces. They declare inputs that depend on GeneratorParams after the output;
// functions take all inputs first in any case.
template <class Self, class Interface>
class GeneratorOf : public Halide::Generator<Self>, public Interface {
  public:
    bool allow_out_of_order_inputs_and_outputs() const override { return true; }
};

// For configure(): inputs whose number depends on GeneratorParams. They come after those that are declared.
template <class Generator>
ImageInput& add_image(Generator& generator, const std::string& name) {
    return *generator.template add_input<Halide::Buffer<float, 4>>(name);
}
template <class Generator>
ChannelInput& add_channels(Generator& generator, const std::string& name) {
    return *generator.template add_input<Halide::Buffer<float, 1>>(name);
}

// Weights and bias of one convolution among several: weights_0, bias_0, …
struct LayerOperands {
    WeightsInput* weights;
    ChannelInput* bias;

    Halide::Expr channels_in() const { return weights->dim(2).extent(); }
    Halide::Expr channels_out() const { return bias->dim(0).extent(); }

    // What their extents have to be.
    void constrain(int kernel, const Halide::Expr& in) const;
    void describe(int kernel, int in, int out) const;
};

template <class Generator>
LayerOperands add_layer(Generator& generator, size_t number) {
    std::string suffix = "_" + std::to_string(number);
    return {&add_image(generator, "weights" + suffix), &add_channels(generator, "bias" + suffix)};
}

// "1,2,5" → {1, 2, 5}. Anything but positive numbers and commas is reported as Halide reports wrong GeneratorParams.
std::vector<int> parse_rates(const std::string& text);

// Tells Halide (and so the caller's buffers are checked) that an input starts at 0 in every dimension.
template <class Buffer>
void starts_at_zero(Buffer& buffer) {
    for (int i = 0; i < buffer.dimensions(); i++) buffer.dim(i).set_min(0);
}

// Zero outside the image, in x and y.
template <class Buffer>
Halide::Func zero_outside(Buffer& image) {
    return Halide::BoundaryConditions::constant_exterior(Halide::Func(image), 0.f,
                                                         {{0, image.dim(0).extent()}, {0, image.dim(1).extent()}});
}

template <class Buffer>
void estimate(Buffer& buffer, const std::vector<Halide::Expr>& extents) {
    Halide::Region region;
    for (const Halide::Expr& extent : extents) region.push_back({0, extent});
    buffer.set_estimates(region);
}

inline void LayerOperands::constrain(int kernel, const Halide::Expr& in) const {
    starts_at_zero(*weights);
    starts_at_zero(*bias);
    weights->dim(0).set_extent(kernel);
    weights->dim(1).set_extent(kernel);
    weights->dim(2).set_extent(in);
    weights->dim(3).set_extent(channels_out());
}

inline void LayerOperands::describe(int kernel, int in, int out) const {
    estimate(*weights, {kernel, kernel, in, out});
    estimate(*bias, {out});
}

}  // namespace atrous
