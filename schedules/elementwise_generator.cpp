#include "generators/elementwise_generator.h"

#include "schedules/fallback/image_rows.h"

namespace atrous {

class ElementwiseScheduled : public GeneratorOf<ElementwiseScheduled, ElementwiseInterface> {
  public:
    void configure() { add_operands(*this); }
    void generate() {
        ImageVars v;
        Halide::Func image = algorithm(v);
        output = image;
        fallback::schedule_rows(image, v, Packing::planar, target);
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::ElementwiseScheduled, elementwise_scheduled)
