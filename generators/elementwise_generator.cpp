#include "generators/elementwise_generator.h"

namespace atrous {

class ElementwiseGenerator : public GeneratorOf<ElementwiseGenerator, ElementwiseInterface> {
  public:
    void configure() { add_operands(*this); }
    void generate() {
        output = algorithm({});
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::ElementwiseGenerator, elementwise)
