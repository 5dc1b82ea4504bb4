#include "generators/slice_generator.h"

namespace atrous {

class SliceGenerator : public GeneratorOf<SliceGenerator, SliceInterface> {
  public:
    void generate() {
        output = algorithm().output;
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::SliceGenerator, slice)
