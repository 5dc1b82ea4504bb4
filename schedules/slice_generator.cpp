#include "generators/slice_generator.h"

#include "schedules/fallback/image_rows.h"

namespace atrous {

class SliceScheduled : public GeneratorOf<SliceScheduled, SliceInterface> {
  public:
    void generate() {
        Slice s = algorithm();
        output = s.output;
        fallback::schedule_rows(s.output, s.v, Packing::planar, target);
        describe();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::SliceScheduled, slice_scheduled)
