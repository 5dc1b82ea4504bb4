#include "generators/resize_generator.h"

namespace atrous {

class ResizeGenerator : public GeneratorOf<ResizeGenerator, ResizeInterface> {
  public:
    void generate() {
        output = algorithm().output;
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::ResizeGenerator, resize)
