#include "generators/transposed_conv_generator.h"

namespace atrous {

class TransposedConvGenerator : public GeneratorOf<TransposedConvGenerator, TransposedConvInterface> {
  public:
    void configure() { add_optional_inputs(*this); }
    void generate() {
        output = transposed_conv(conv_spec(), inputs()).output;
        describe_conv();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::TransposedConvGenerator, transposed_conv)
