#include "generators/pool_generator.h"

namespace atrous {

class PoolGenerator : public GeneratorOf<PoolGenerator, PoolInterface> {
  public:
    void generate() {
        output = global ? whole().output : windowed().output;
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::PoolGenerator, pool)
