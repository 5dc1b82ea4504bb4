#include "generators/hdc_block.h"

#include "generators/dilated_conv_stack_generator.h"

namespace atrous {

class HdcBlockGenerator : public GeneratorOf<HdcBlockGenerator, StackInterface> {
  public:
    void configure() { add_layers(*this); }
    void generate() {
        DilatedConvStack stack = hdc_block(conv_spec(), inputs());
        output = stack.output;
        describe(true);
        if (!using_autoscheduler()) compute_layers_once(stack);
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::HdcBlockGenerator, hdc_block)
