#include "generators/pointwise_conv_generator.h"

#include "schedules/packing.h"

namespace atrous {

class PointwiseConvScheduled : public GeneratorOf<PointwiseConvScheduled, PointwiseConvInterface> {
  public:
    void configure() { add_optional_inputs(*this); }
    void generate() {
        ConvInputs planar = inputs();
        Channels in{planar.ci_blocks}, out{bias.dim(0).extent()};
        ConvSpec packed = conv_spec();
        packed.packing = Packing::c16;
        ConvInputs operands = pack_operands(planar, packed, in, out);
        DilatedConv conv = pointwise_conv(packed, operands);
        output = unpack_output(conv.output, out, target);
        compute(conv, packed, {output.dim(0).extent(), out.blocks(), operands.ci_lanes}, hint(), target);
        describe_conv();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::PointwiseConvScheduled, pointwise_conv_scheduled)
