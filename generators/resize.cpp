#include "generators/resize.h"

namespace atrous {

using namespace Halide;

namespace {

// x_original of the ONNX specification for output coordinate `o`.
Expr source(ResizeCoordinates coordinates, const Expr& o, const Expr& in, const Expr& out, const Expr& scale) {
    Expr position = cast<float>(o);
    switch (coordinates) {
    case ResizeCoordinates::half_pixel:
        return (position + 0.5f) / scale - 0.5f;
    case ResizeCoordinates::pytorch_half_pixel:
        return select(out > 1, (position + 0.5f) / scale - 0.5f, 0.f);
    case ResizeCoordinates::align_corners:
        // Multiplied first: whole results stay whole.
        return select(out > 1, position * cast<float>(in - 1) / cast<float>(max(out - 1, 1)), 0.f);
    case ResizeCoordinates::asymmetric:
        return position / scale;
    }
    return position;
}

Expr nearest(NearestRounding rounding, const Expr& x) {
    switch (rounding) {
    case NearestRounding::round_prefer_floor:
        return ceil(x - 0.5f);
    case NearestRounding::round_prefer_ceil:
        return floor(x + 0.5f);
    case NearestRounding::floor:
        return floor(x);
    case NearestRounding::ceil:
        return ceil(x);
    }
    return x;
}

ResizeAxis axis(const ResizeSpec& spec, const Expr& in, const Expr& out, const Expr& scale, const std::string& name) {
    ResizeAxis a{Func("low_" + name), Func("high_" + name), Func("weight_" + name)};
    Var o("o");
    Expr x = source(spec.coordinates, o, in, out, scale);
    if (spec.mode == ResizeMode::nearest) {
        a.low(o) = clamp(cast<int>(nearest(spec.rounding, x)), 0, in - 1);
        return a;
    }
    Expr clamped = clamp(x, 0.f, cast<float>(in - 1));
    Expr low = cast<int>(floor(clamped));
    a.low(o) = low;
    a.high(o) = min(low + 1, in - 1);
    a.weight(o) = clamped - cast<float>(low);
    return a;
}

}  // namespace

Resize resize(const ResizeSpec& spec, const ResizeInputs& in) {
    Resize r;
    const ImageVars& v = r.v;
    ImageTensor image{in.input, spec.packing};
    r.x = axis(spec, in.width, in.out_width, in.scale_x, "x");
    r.y = axis(spec, in.height, in.out_height, in.scale_y, "y");
    // The tables are computed from the input's size; this tells bounds inference that reads stay inside.
    auto inside = [](Expr index, const Expr& extent) { return unsafe_promise_clamped(index, 0, extent - 1); };
    Expr x0 = inside(r.x.low(v.x), in.width), y0 = inside(r.y.low(v.y), in.height);
    r.output = Func("resize");
    if (spec.mode == ResizeMode::nearest) {
        r.output(v.in(spec.packing)) = image(v.c, x0, y0, v.cb, v.n);
        return r;
    }
    Expr x1 = inside(r.x.high(v.x), in.width), y1 = inside(r.y.high(v.y), in.height);
    Expr wx = r.x.weight(v.x), wy = r.y.weight(v.y);
    auto at = [&](const Expr& x, const Expr& y) { return image(v.c, x, y, v.cb, v.n); };
    Expr top = at(x0, y0) * (1.f - wx) + at(x1, y0) * wx;
    Expr bottom = at(x0, y1) * (1.f - wx) + at(x1, y1) * wx;
    r.output(v.in(spec.packing)) = top * (1.f - wy) + bottom * wy;
    return r;
}

}  // namespace atrous
