#include "generators/depth_to_space_generator.h"

namespace atrous {

class DepthToSpaceGenerator : public GeneratorOf<DepthToSpaceGenerator, DepthToSpaceInterface> {
  public:
    void generate() {
        output = algorithm().output;
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::DepthToSpaceGenerator, depth_to_space)
