#include "generators/pad_generator.h"

namespace atrous {

class PadGenerator : public GeneratorOf<PadGenerator, PadInterface> {
  public:
    void generate() {
        output = algorithm().output;
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::PadGenerator, pad)
