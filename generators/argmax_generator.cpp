#include "generators/argmax_generator.h"

namespace atrous {

class ArgmaxGenerator : public GeneratorOf<ArgmaxGenerator, ArgmaxInterface> {
  public:
    void generate() {
        output = algorithm().output;
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::ArgmaxGenerator, argmax)
