#include "generators/argmax_generator.h"

#include "schedules/fallback/operators.h"

namespace atrous {

class ArgmaxScheduled : public GeneratorOf<ArgmaxScheduled, ArgmaxInterface> {
  public:
    void generate() {
        Argmax stages = algorithm();
        output = stages.output;
        fallback::apply(stages, spec(), target);
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::ArgmaxScheduled, argmax_scheduled)
