// Interface of the Generators depth_to_space and depth_to_space_scheduled: block² times fewer channels, each side
// `block` times longer.
#pragma once

#include "generators/depth_to_space.h"
#include "generators/generator_interface.h"

namespace atrous {

struct DepthToSpaceInterface {
    Halide::GeneratorParam<bool> column_row_depth{"column_row_depth", false};  // ONNX's mode CRD, else DCR
    ExpectedSize expected;

    ImageInput input{"input"};
    IntInput block{"block", 2, 1, 1024};
    ImageOutput output{"output"};

    DepthToSpaceSpec spec() const {
        DepthToSpaceSpec s;
        s.column_row_depth = column_row_depth;
        return s;
    }

    DepthToSpace algorithm() {
        starts_at_zero(input);
        return depth_to_space(spec(), input, block, input.dim(2).extent() / (block * block));
    }

    // After `output` is set.
    void describe() {
        int width = expected.width, height = expected.height, channels = (expected.channels_in + 3) / 4 * 4;
        output.dim(2).set_bounds(0, input.dim(2).extent() / (block * block));
        estimate(input, {width, height, channels, 1});
        estimate(output, {2 * width, 2 * height, channels / 4, 1});
        block.set_estimate(2);
    }
};

}  // namespace atrous
