#include "generators/transposed_conv_generator.h"

#include "schedules/rules.h"

namespace atrous {

class TransposedConvScheduled : public GeneratorOf<TransposedConvScheduled, TransposedConvInterface> {
  public:
    void configure() { add_optional_inputs(*this); }
    void generate() {
        TransposedConv conv = atrous::transposed_conv(conv_spec(), inputs());
        auto choice = choose(transposed_conv_rules, conv_spec(), hint(), target);
        output = conv.output;
        Extents extents{output.dim(0).extent(), output.dim(2).extent()};
        choice.rule->apply(conv, conv_spec(), choice.layout, extents, target);
        describe_conv();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::TransposedConvScheduled, transposed_conv_scheduled)
