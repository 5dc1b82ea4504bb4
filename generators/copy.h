// Moving elements without arithmetic: strided copies (Slice, Transpose, Concat, Expand …), the change between planar
// and c16, casts and fills.
#pragma once

#include <array>

#include "generators/kernel_spec.h"
#include "generators/tensor.h"

namespace atrous {

struct Copy {
    Halide::Func output;
    std::array<Halide::Var, 6> d{Halide::Var("d0"), Halide::Var("d1"), Halide::Var("d2"),
                                 Halide::Var("d3"), Halide::Var("d4"), Halide::Var("d5")};
};
Copy copy(Halide::Func input);  // six dimensions; strides do the work

struct Pack {
    Halide::Func channels;  // (x, y, channel, n), zero past the last one
    Halide::Func output;
    ImageVars v;
};
Pack pack(Halide::Func planar, Halide::Expr channels);  // planar → c16, lanes past `channels` are 0

// Which rectangle of an image.
struct Rectangle {
    Halide::Expr index, count_x, count_y, step_x, step_y, dilation_y;

    Halide::Expr first_x() const { return index % count_x * step_x; }
    Halide::Expr first_y() const { return first_pixel(index / count_x % count_y, dilation_y, step_y); }
    Halide::Expr image() const { return index / (count_x * count_y); }
};

struct AreaInputs {
    Halide::Func image;                    // planar
    Halide::Expr width, height, channels;  // of the image
    Rectangle rectangle;
    Halide::Expr pad_left, pad_top;
};
struct Area {
    Pack packed;          // c16
    Halide::Func output;  // that, or planar (x, y, c, n)
    ImageVars v;
};
Area area(const AreaSpec& spec, const AreaInputs& in);

constexpr int quad = 4;  // channels that are transposed together
struct Unpack {
    Halide::Func quads;  // (channel of the quad, x, y, quad, n)
    Halide::Func output;
    ImageVars v;
};
Unpack unpack(Halide::Func c16);  // c16 → planar

struct UnpackAreaInputs {
    Halide::Func c16;
    Halide::Expr width, height, channels;  // of the output
    Rectangle rectangle;
};
struct UnpackArea {
    Halide::Func quads;   // as of Unpack
    Halide::Func output;  // planar; update 0 writes the rectangle
    Halide::RDom pixels;  // (x, y, channel)
    ImageVars v;
};
UnpackArea unpack_area(const UnpackAreaInputs& in);

struct Fill {
    Halide::Func output;
    ImageVars v;
};
Fill fill(Halide::Expr value);  // c16

struct Cast {
    Halide::Func output;
    Halide::Var i{"i"};
};
Cast cast_elements(const CastSpec& spec, Halide::Func input);
Halide::Type halide_type(ElementType type);  // booleans are u8

}  // namespace atrous
