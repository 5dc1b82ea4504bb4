#include "generators/depthwise_conv_generator.h"

#include "schedules/packing.h"
#include "schedules/rules.h"

namespace atrous {

class DepthwiseConvScheduled : public GeneratorOf<DepthwiseConvScheduled, DepthwiseConvInterface> {
  public:
    void configure() { add_optional_inputs(*this); }
    void generate() {
        ConvInputs in = inputs();
        Channels channels{bias.dim(0).extent()};
        DepthwiseConvSpec packed = conv_spec();
        packed.packing = Packing::c16;
        in.input = pack_image(in.input, channels);
        in.weights = pack_depthwise_weights(in.weights, channels);
        in.bias = pack_channels(in.bias, channels);
        if (slope) in.slope = pack_channels(in.slope, channels);
        if (residual_input) in.residual = pack_image(in.residual, channels);
        DepthwiseConv conv = depthwise_conv(packed, in);
        output = unpack_output(conv.output, channels, target);
        auto choice = choose(depthwise_conv_rules, packed, hint(), target);
        choice.rule->apply(conv, packed, choice.layout, {output.dim(0).extent(), channels.blocks()}, target);
        conv.output.compute_root();
        describe_conv();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::DepthwiseConvScheduled, depthwise_conv_scheduled)
