#include "generators/pointwise_conv_generator.h"

namespace atrous {

class PointwiseConvGenerator : public GeneratorOf<PointwiseConvGenerator, PointwiseConvInterface> {
  public:
    void configure() { add_optional_inputs(*this); }
    void generate() {
        output = pointwise_conv(conv_spec(), inputs()).output;
        describe_conv();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::PointwiseConvGenerator, pointwise_conv)
