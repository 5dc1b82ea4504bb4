#include "generators/resize_generator.h"

#include "schedules/fallback/operators.h"

namespace atrous {

class ResizeScheduled : public GeneratorOf<ResizeScheduled, ResizeInterface> {
  public:
    void generate() {
        Resize stages = algorithm();
        output = stages.output;
        fallback::apply(stages, spec(), target);
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::ResizeScheduled, resize_scheduled)
