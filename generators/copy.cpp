#include "generators/copy.h"

namespace atrous {

using namespace Halide;

Copy copy(Func input) {
    Copy c;
    c.output = Func("copy");
    c.output(c.d[0], c.d[1], c.d[2], c.d[3], c.d[4], c.d[5]) = input(c.d[0], c.d[1], c.d[2], c.d[3], c.d[4], c.d[5]);
    return c;
}

Pack pack(Func planar, Expr channels) {
    Pack p;
    const ImageVars& v = p.v;
    Var channel("channel");
    p.channels = Func("channels");
    p.channels(v.x, v.y, channel, v.n) =
        select(channel < channels, planar(v.x, v.y, min(channel, channels - 1), v.n), 0.f);
    p.output = Func("pack");
    p.output(v.c, v.x, v.y, v.cb, v.n) = p.channels(v.x, v.y, v.cb * channel_block + v.c, v.n);
    return p;
}

Area area(const AreaSpec& spec, const AreaInputs& in) {
    Area a;
    const ImageVars& v = a.v;
    Func around = BoundaryConditions::constant_exterior(in.image, 0.f, {{0, in.width}, {0, in.height}});
    Func rectangle("rectangle");
    rectangle(v.x, v.y, v.cb, v.n) =
        around(in.rectangle.first_x() + v.x - in.pad_left,
               in.rectangle.first_y() + v.y * in.rectangle.dilation_y - in.pad_top, v.cb, in.rectangle.image() + v.n);
    if (spec.packing == Packing::c16) {
        a.packed = pack(rectangle, in.channels);
        a.output = a.packed.output;
    } else {
        a.output = Func("area");
        a.output(v.x, v.y, v.cb, v.n) = rectangle(v.x, v.y, v.cb, v.n);
    }
    return a;
}

namespace {

Func quads_of(const Func& c16, const ImageVars& v) {
    constexpr int per_block = channel_block / quad;
    Func quads("quads");
    quads(v.c, v.x, v.y, v.cb, v.n) = c16(v.cb % per_block * quad + v.c, v.x, v.y, v.cb / per_block, v.n);
    return quads;
}

}  // namespace

Unpack unpack(Func c16) {
    Unpack p;
    const ImageVars& v = p.v;
    p.quads = quads_of(c16, v);
    p.output = Func("unpack");
    p.output(v.x, v.y, v.cb, v.n) = p.quads(v.cb % quad, v.x, v.y, v.cb / quad, v.n);
    return p;
}

UnpackArea unpack_area(const UnpackAreaInputs& in) {
    UnpackArea p;
    const ImageVars& v = p.v;
    p.quads = quads_of(in.c16, v);
    const Expr first_x = in.rectangle.first_x(), first_y = in.rectangle.first_y(), step = in.rectangle.dilation_y;
    const Expr rows = (in.height - first_y + step - 1) / step;
    p.pixels =
        RDom(0, min(in.rectangle.step_x, in.width - first_x), 0, min(in.rectangle.step_y, rows), 0, in.channels, "r");
    RVar x = p.pixels.x, y = p.pixels.y, c = p.pixels.z;
    p.output = Func("unpack_area");
    p.output(v.x, v.y, v.cb, v.n) = undef<float>();
    p.output(first_x + x, first_y + y * step, c, in.rectangle.image()) = p.quads(c % quad, x, y, c / quad, 0);
    return p;
}

Fill fill(Expr value) {
    Fill f;
    f.output = Func("fill");
    f.output(f.v.c, f.v.x, f.v.y, f.v.cb, f.v.n) = value;
    return f;
}

Type halide_type(ElementType type) {
    switch (type) {
    case ElementType::f32:
        return Float(32);
    case ElementType::f64:
        return Float(64);
    case ElementType::f16:
        return Float(16);
    case ElementType::i64:
        return Int(64);
    case ElementType::i32:
        return Int(32);
    case ElementType::i8:
        return Int(8);
    case ElementType::u8:
    case ElementType::boolean:
        return UInt(8);
    }
    return Float(32);
}

Cast cast_elements(const CastSpec& spec, Func input) {
    Cast c;
    Expr x = input(c.i);
    Expr result =
        spec.to == ElementType::boolean ? cast<uint8_t>(x != cast(x.type(), 0)) : cast(halide_type(spec.to), x);
    c.output = Func("cast");
    c.output(c.i) = result;
    return c;
}

}  // namespace atrous
