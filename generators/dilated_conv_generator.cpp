#include "generators/dilated_conv_generator.h"

namespace atrous {

class DilatedConvGenerator : public GeneratorOf<DilatedConvGenerator, DilatedConvInterface> {
  public:
    void configure() { add_optional_inputs(*this); }
    void generate() {
        output = dilated_conv(conv_spec(), inputs()).output;
        describe_conv();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::DilatedConvGenerator, dilated_conv)
