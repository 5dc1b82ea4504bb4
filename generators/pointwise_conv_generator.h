// Interface of the Generators pointwise_conv and pointwise_conv_scheduled: 1×1 convolution, weights (1, 1, ci, co).
#pragma once

#include "generators/conv_generator.h"
#include "generators/pointwise_conv.h"

namespace atrous {

struct PointwiseConvInterface : ConvInterface {
    ConvSpec conv_spec() const { return pointwise_spec(Packing::planar, activation, residual); }

    ConvInputs inputs() {
        ConvInputs in;
        common_inputs(in);
        in.input = zero_outside(input);
        in.ci_lanes = 1;
        in.ci_blocks = weights.dim(2).extent();
        weights.dim(0).set_bounds(0, 1);
        weights.dim(1).set_bounds(0, 1);
        input.dim(2).set_extent(in.ci_blocks);
        weights.dim(3).set_extent(bias.dim(0).extent());
        return in;
    }

    void describe_conv() {
        describe(expected.width, expected.height, expected.channels_out,
                 {1, 1, expected.channels_in.value(), expected.channels_out.value()});
    }
};

}  // namespace atrous
