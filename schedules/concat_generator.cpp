#include "generators/concat_generator.h"

#include "schedules/fallback/operators.h"

namespace atrous {

class ConcatScheduled : public GeneratorOf<ConcatScheduled, ConcatInterface> {
  public:
    void configure() { add_inputs(*this); }
    void generate() {
        Concat c = algorithm();
        output = c.output;
        fallback::apply(c, target);
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::ConcatScheduled, concat_scheduled)
