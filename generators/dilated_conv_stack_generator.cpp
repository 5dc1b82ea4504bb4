#include "generators/dilated_conv_stack_generator.h"

namespace atrous {

class DilatedConvStackGenerator : public GeneratorOf<DilatedConvStackGenerator, StackInterface> {
  public:
    void configure() { add_layers(*this); }
    void generate() {
        DilatedConvStack stack = dilated_conv_stack(conv_spec(), conv_spec(), inputs());
        output = stack.output;
        describe(false);
        if (!using_autoscheduler()) compute_layers_once(stack);
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::DilatedConvStackGenerator, dilated_conv_stack)
