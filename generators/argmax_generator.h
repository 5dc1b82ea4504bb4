// Interface of the Generators argmax and argmax_scheduled: the channel with the largest value, per pixel. The output is
// (x, y, n).
#pragma once

#include "generators/argmax.h"
#include "generators/generator_interface.h"

namespace atrous {

struct ArgmaxInterface {
    Halide::GeneratorParam<bool> select_last{"select_last", false};  // of equals, else the first
    ExpectedSize expected;

    ImageInput input{"input"};
    Halide::GeneratorOutput<Halide::Buffer<int64_t, 3>> output{"output"};

    ArgmaxSpec spec() const {
        ArgmaxSpec s;
        s.select_last = select_last;
        return s;
    }

    Argmax algorithm() {
        starts_at_zero(input);
        return argmax(spec(), input, input.dim(2).extent(), true);
    }

    // After `output` is set.
    void describe() {
        estimate(input, {expected.width.value(), expected.height.value(), expected.channels_in.value(), 1});
        estimate(output, {expected.width.value(), expected.height.value(), 1});
    }
};

}  // namespace atrous
