// Interface of the Generators slice and slice_scheduled: output(x, y, c, n) = input(begin_x + x·step_x, …).
#pragma once

#include "generators/generator_interface.h"
#include "generators/slice.h"

namespace atrous {

struct SliceInterface {
    ExpectedSize expected;

    ImageInput input{"input"};
    IntInput begin_x{"begin_x", 0}, begin_y{"begin_y", 0}, begin_c{"begin_c", 0}, begin_n{"begin_n", 0};
    IntInput step_x{"step_x", 1}, step_y{"step_y", 1}, step_c{"step_c", 1}, step_n{"step_n", 1};
    ImageOutput output{"output"};

    Slice algorithm() {
        starts_at_zero(input);
        return slice(input, {begin_x, begin_y, begin_c, begin_n}, {step_x, step_y, step_c, step_n});
    }

    // After `output` is set; estimates are of the whole input.
    void describe() {
        std::vector<Halide::Expr> all{expected.width.value(), expected.height.value(), expected.channels_in.value(), 1};
        estimate(input, all);
        estimate(output, all);
        for (IntInput* begin : {&begin_x, &begin_y, &begin_c, &begin_n}) begin->set_estimate(0);
        for (IntInput* step : {&step_x, &step_y, &step_c, &step_n}) step->set_estimate(1);
    }
};

}  // namespace atrous
