#include "generators/depth_to_space_generator.h"

#include "schedules/fallback/operators.h"

namespace atrous {

class DepthToSpaceScheduled : public GeneratorOf<DepthToSpaceScheduled, DepthToSpaceInterface> {
  public:
    void generate() {
        DepthToSpace stages = algorithm();
        output = stages.output;
        fallback::apply(stages, spec(), target);
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::DepthToSpaceScheduled, depth_to_space_scheduled)
