// Interface of the Generators dilated_conv and dilated_conv_scheduled: any kernel, stride, dilation, padding (also
// asymmetric: the output's size decides the padding at the end) and grouping.
#pragma once

#include "generators/conv_generator.h"

namespace atrous {

struct DilatedConvInterface : WindowInterface {
    Halide::GeneratorParam<int> groups{"groups", 1, 1, 65535};

    ConvSpec conv_spec() const {
        auto s = spec<ConvSpec>();
        s.grouped = groups > 1;
        return s;
    }

    ConvInputs inputs() {
        ConvInputs in;
        window_inputs(in);
        in.input = zero_outside(input);
        in.ci_lanes = 1;
        in.ci_blocks = weights.dim(2).extent();
        in.co_blocks = bias.dim(0).extent() / groups.value();
        input.dim(2).set_extent(in.ci_blocks * groups.value());
        weights.dim(3).set_extent(bias.dim(0).extent());
        return in;
    }

    void describe_conv() {
        describe_window(expected.channels_out, expected.channels_in.value() / groups.value(),
                        expected.channels_out.value(), false);
    }
};

}  // namespace atrous
