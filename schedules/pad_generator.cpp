#include "generators/pad_generator.h"

#include "schedules/fallback/operators.h"

namespace atrous {

class PadScheduled : public GeneratorOf<PadScheduled, PadInterface> {
  public:
    void generate() {
        Pad stages = algorithm();
        output = stages.output;
        fallback::apply(stages, spec(), target);
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::PadScheduled, pad_scheduled)
