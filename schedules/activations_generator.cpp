#include "generators/activations_generator.h"

#include "schedules/fallback/image_rows.h"
#include "schedules/fallback/operators.h"

namespace atrous {

class ActivationsScheduled : public GeneratorOf<ActivationsScheduled, ActivationsInterface> {
  public:
    void configure() { add_optional_inputs(*this); }
    void generate() {
        if (is_softmax()) {
            Softmax s = over_channels();
            output = s.output;
            fallback::apply(s, softmax_spec(), target);
        } else {
            Activation a = of_each();
            output = a.output;
            fallback::schedule_rows(a.output, a.v, Packing::planar, target);
        }
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::ActivationsScheduled, activations_scheduled)
