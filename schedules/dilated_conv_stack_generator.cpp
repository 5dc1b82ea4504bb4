#include "generators/dilated_conv_stack_generator.h"

#include "schedules/packed_stack.h"

namespace atrous {

class DilatedConvStackScheduled : public GeneratorOf<DilatedConvStackScheduled, StackInterface> {
  public:
    void configure() { add_layers(*this); }
    void generate() {
        ConvSpec packed = conv_spec();
        packed.packing = Packing::c16;
        DilatedConvStack stack = dilated_conv_stack(packed, packed, packed_inputs(*this));
        output = compute_stack(stack, *this, target);
        describe(false);
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::DilatedConvStackScheduled, dilated_conv_stack_scheduled)
