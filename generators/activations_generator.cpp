#include "generators/activations_generator.h"

namespace atrous {

class ActivationsGenerator : public GeneratorOf<ActivationsGenerator, ActivationsInterface> {
  public:
    void configure() { add_optional_inputs(*this); }
    void generate() {
        output = is_softmax() ? over_channels().output : of_each().output;
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::ActivationsGenerator, activations)
