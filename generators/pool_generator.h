// Interface of the Generators pool and pool_scheduled: kind=max or average, over a window, or with global=true over the
// whole image (the output is then 1×1, and the window's numbers are not used).
#pragma once

#include "generators/generator_interface.h"
#include "generators/pool.h"

namespace atrous {

struct PoolInterface {
    Halide::GeneratorParam<PoolKind> kind{"kind", PoolKind::max, spelled({PoolKind::max, PoolKind::average})};
    Halide::GeneratorParam<bool> global{"global", false};
    Halide::GeneratorParam<bool> count_include_pad{"count_include_pad", false};  // average: padding counts as zeros
    ExpectedSize expected;

    ImageInput input{"input"};
    IntInput kernel_x{"kernel_x", 2, 1, 65535}, kernel_y{"kernel_y", 2, 1, 65535};
    IntInput stride_x{"stride_x", 2, 1, 65535}, stride_y{"stride_y", 2, 1, 65535};
    IntInput dilation_x{"dilation_x", 1, 1, 65535}, dilation_y{"dilation_y", 1, 1, 65535};
    IntInput pad_left{"pad_left", 0}, pad_top{"pad_top", 0}, pad_right{"pad_right", 0}, pad_bottom{"pad_bottom", 0};
    ImageOutput output{"output"};

    PoolSpec spec() const {
        PoolSpec s;
        s.kind = kind;
        s.count_include_pad = count_include_pad;
        return s;
    }
    GlobalPoolSpec global_spec() const {
        GlobalPoolSpec s;
        s.kind = kind;
        return s;
    }

    Pool windowed() {
        return pool(spec(), {input, input.dim(0).extent(), input.dim(1).extent(), kernel_x, kernel_y, stride_x,
                             stride_y, dilation_x, dilation_y, pad_left, pad_top, pad_right, pad_bottom});
    }
    GlobalPool whole() { return global_pool(global_spec(), input, input.dim(0).extent(), input.dim(1).extent()); }

    // After `output` is set; estimates are of 2×2 windows without padding.
    void describe() {
        int width = expected.width, height = expected.height, channels = expected.channels_in;
        starts_at_zero(input);
        output.dim(2).set_bounds(0, input.dim(2).extent());
        if (global) output.dim(0).set_bounds(0, 1);
        if (global) output.dim(1).set_bounds(0, 1);
        estimate(input, {width, height, channels, 1});
        estimate(output, {global ? 1 : width / 2, global ? 1 : height / 2, channels, 1});
        for (IntInput* two : {&kernel_x, &kernel_y, &stride_x, &stride_y}) two->set_estimate(2);
        for (IntInput* one : {&dilation_x, &dilation_y}) one->set_estimate(1);
        for (IntInput* zero : {&pad_left, &pad_top, &pad_right, &pad_bottom}) zero->set_estimate(0);
    }
};

}  // namespace atrous
