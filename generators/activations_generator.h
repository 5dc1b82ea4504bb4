// Interface of the Generators activations and activations_scheduled: function=relu, leaky_relu, …, or softmax and
// log_softmax over the channels.
#pragma once

#include "generators/activations.h"
#include "generators/generator_interface.h"
#include "generators/softmax.h"

namespace atrous {

struct ActivationsInterface {
    Halide::GeneratorParam<std::string> function{"function", "relu"};
    ExpectedSize expected;

    ImageInput input{"input"};
    FloatInput alpha{"alpha", 0.f}, beta{"beta", 0.f};  // leaky_relu, clip, hard_sigmoid, elu: see functions.h
    ChannelInput* slope = nullptr;                      // prelu only
    ImageOutput output{"output"};

    template <class Generator>
    void add_optional_inputs(Generator& generator) {
        if (function.value() == "prelu") slope = &add_channels(generator, "slope");
    }

    bool is_softmax() const { return function.value() == "softmax" || function.value() == "log_softmax"; }

    Activation of_each() {
        auto names = activation_spellings();
        auto named = names.find(function);
        _halide_user_assert(named != names.end())
            << "function=" << function.value() << ": no such activation; see activation_spellings(), softmax and "
            << "log_softmax\n";
        return activation(named->second, input, slope ? Halide::Func(*slope) : Halide::Func(), alpha, beta);
    }

    SoftmaxSpec softmax_spec() const {
        SoftmaxSpec spec;
        spec.logarithm = function.value() == "log_softmax";
        return spec;
    }
    Softmax over_channels() { return softmax(softmax_spec(), input, input.dim(2).extent(), true); }

    // After `output` is set.
    void describe() {
        int width = expected.width, height = expected.height, channels = expected.channels_in;
        starts_at_zero(input);
        estimate(input, {width, height, channels, 1});
        estimate(output, {width, height, channels, 1});
        if (slope) estimate(*slope, {channels});
        alpha.set_estimate(0.f);
        beta.set_estimate(0.f);
    }
};

}  // namespace atrous
