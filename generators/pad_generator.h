// Interface of the Generators pad and pad_scheduled: begin_* elements before the input, and after it as many as the
// output asks for, filled by mode=constant (`value`), reflect, edge or wrap.
#pragma once

#include "generators/generator_interface.h"
#include "generators/pad.h"

namespace atrous {

struct PadInterface {
    using M = PadMode;
    Halide::GeneratorParam<PadMode> mode{"mode", M::constant, spelled({M::constant, M::reflect, M::edge, M::wrap})};
    ExpectedSize expected;

    ImageInput input{"input"};
    IntInput begin_x{"begin_x", 0}, begin_y{"begin_y", 0}, begin_c{"begin_c", 0}, begin_n{"begin_n", 0};
    FloatInput value{"value", 0.f};
    ImageOutput output{"output"};

    PadSpec spec() const {
        PadSpec s;
        s.mode = mode;
        return s;
    }

    Pad algorithm() {
        starts_at_zero(input);
        std::array<Halide::Expr, 4> extent;
        for (int i = 0; i < 4; i++) extent[i] = input.dim(i).extent();
        return pad(spec(), input, extent, {begin_x, begin_y, begin_c, begin_n}, value);
    }

    // After `output` is set; estimates are of one pixel on every side.
    void describe() {
        int width = expected.width, height = expected.height, channels = expected.channels_in;
        estimate(input, {width, height, channels, 1});
        estimate(output, {width + 2, height + 2, channels, 1});
        for (IntInput* one : {&begin_x, &begin_y}) one->set_estimate(1);
        for (IntInput* zero : {&begin_c, &begin_n}) zero->set_estimate(0);
        value.set_estimate(0.f);
    }
};

}  // namespace atrous
