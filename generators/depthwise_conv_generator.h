// Interface of the Generators depthwise_conv and depthwise_conv_scheduled: one filter per channel, weights (kx, ky, 1,
// c).
#pragma once

#include "generators/conv_generator.h"
#include "generators/depthwise_conv.h"

namespace atrous {

struct DepthwiseConvInterface : WindowInterface {
    DepthwiseConvSpec conv_spec() const { return spec<DepthwiseConvSpec>(); }

    ConvInputs inputs() {
        ConvInputs in;
        window_inputs(in);
        in.input = zero_outside(input);
        weights.dim(2).set_bounds(0, 1);
        input.dim(2).set_extent(bias.dim(0).extent());
        weights.dim(3).set_extent(bias.dim(0).extent());
        return in;
    }

    void describe_conv() {
        int channels = expected.channels_in;
        describe_window(channels, 1, channels, false);
    }
};

}  // namespace atrous
