#include "generators/dilated_conv_stack_generator.h"
#include "generators/hdc_block.h"
#include "schedules/packed_stack.h"

namespace atrous {

class HdcBlockScheduled : public GeneratorOf<HdcBlockScheduled, StackInterface> {
  public:
    void configure() { add_layers(*this); }
    void generate() {
        ConvSpec packed = conv_spec();
        packed.packing = Packing::c16;
        DilatedConvStack stack = hdc_block(packed, packed_inputs(*this));
        output = compute_stack(stack, *this, target);
        describe(true);
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::HdcBlockScheduled, hdc_block_scheduled)
