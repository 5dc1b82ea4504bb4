#include "generators/depthwise_conv_generator.h"

namespace atrous {

class DepthwiseConvGenerator : public GeneratorOf<DepthwiseConvGenerator, DepthwiseConvInterface> {
  public:
    void configure() { add_optional_inputs(*this); }
    void generate() {
        output = depthwise_conv(conv_spec(), inputs()).output;
        describe_conv();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::DepthwiseConvGenerator, depthwise_conv)
