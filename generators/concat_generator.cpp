#include "generators/concat_generator.h"

namespace atrous {

class ConcatGenerator : public GeneratorOf<ConcatGenerator, ConcatInterface> {
  public:
    void configure() { add_inputs(*this); }
    void generate() {
        output = algorithm().output;
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::ConcatGenerator, concat)
