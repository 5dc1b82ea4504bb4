// Interface of the Generators transposed_conv and transposed_conv_scheduled: stride, padding, output padding, dilation
// and groups, each per axis. The output's size is the caller's, by transposed_conv_size(): output padding is nothing
// but more of the output. Weights (kx, ky, co within group, ci).
#pragma once

#include "generators/conv_generator.h"
#include "generators/transposed_conv.h"

namespace atrous {

struct TransposedConvInterface : WindowInterface {
    Halide::GeneratorParam<int> groups{"groups", 1, 1, 65535};

    TransposedConvSpec conv_spec() const { return spec<TransposedConvSpec>(); }

    TransposedConvInputs inputs() {
        TransposedConvInputs in;
        window_inputs(in);
        in.input = input;
        in.width = input.dim(0).extent();
        in.height = input.dim(1).extent();
        in.ci_per_group = input.dim(2).extent() / groups.value();
        in.co_per_group = weights.dim(2).extent();
        weights.dim(3).set_extent(input.dim(2).extent());
        bias.dim(0).set_extent(in.co_per_group * groups.value());
        return in;
    }

    void describe_conv() {
        describe_window(expected.channels_out, expected.channels_out.value() / groups.value(),
                        expected.channels_in.value(), true);
    }
};

}  // namespace atrous
