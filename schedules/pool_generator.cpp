#include "generators/pool_generator.h"

#include "schedules/fallback/operators.h"

namespace atrous {

class PoolScheduled : public GeneratorOf<PoolScheduled, PoolInterface> {
  public:
    void generate() {
        if (global) {
            GlobalPool p = whole();
            output = p.output;
            fallback::apply(p, global_spec(), target);
        } else {
            Pool p = windowed();
            output = p.output;
            fallback::apply(p, spec(), target);
        }
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::PoolScheduled, pool_scheduled)
