// Interface of the Generators resize and resize_scheduled: nearest or linear, in the coordinate modes of ONNX. `scale`
// is output / input; out_width and out_height are the whole result's, of which the output may be a part.
#pragma once

#include "generators/generator_interface.h"
#include "generators/resize.h"

namespace atrous {

struct ResizeInterface {
    using C = ResizeCoordinates;
    using R = NearestRounding;
    Halide::GeneratorParam<ResizeMode> mode{"mode", ResizeMode::linear,
                                            spelled({ResizeMode::nearest, ResizeMode::linear})};
    Halide::GeneratorParam<ResizeCoordinates> coordinates{
        "coordinates", C::half_pixel, spelled({C::half_pixel, C::pytorch_half_pixel, C::align_corners, C::asymmetric})};
    Halide::GeneratorParam<NearestRounding> rounding{
        "rounding", R::round_prefer_floor, spelled({R::round_prefer_floor, R::round_prefer_ceil, R::floor, R::ceil})};
    ExpectedSize expected;

    ImageInput input{"input"};
    FloatInput scale_x{"scale_x", 2.f}, scale_y{"scale_y", 2.f};
    IntInput out_width{"out_width", 1, 1, 1 << 30}, out_height{"out_height", 1, 1, 1 << 30};
    ImageOutput output{"output"};

    ResizeSpec spec() const {
        ResizeSpec s;
        s.mode = mode;
        s.coordinates = coordinates;
        s.rounding = rounding;
        return s;
    }

    Resize algorithm() {
        starts_at_zero(input);
        return resize(spec(),
                      {input, input.dim(0).extent(), input.dim(1).extent(), out_width, out_height, scale_x, scale_y});
    }

    // After `output` is set; estimates are of doubling the size.
    void describe() {
        int width = expected.width, height = expected.height, channels = expected.channels_in;
        output.dim(2).set_bounds(0, input.dim(2).extent());
        estimate(input, {width, height, channels, 1});
        estimate(output, {2 * width, 2 * height, channels, 1});
        scale_x.set_estimate(2.f);
        scale_y.set_estimate(2.f);
        out_width.set_estimate(2 * width);
        out_height.set_estimate(2 * height);
    }
};

}  // namespace atrous
