// Where a value lies: a view into a tensor of the plan, planar or channel-blocked, and the buffer arguments made of it.
#pragma once

#include <array>
#include <vector>

#include "compiler/ir.h"
#include "compiler/plan_builder.h"
#include "generators/layout.h"

namespace atrous {

// A value of rank 2 to 4 seen as an image: (N,C) is N,C,1,1 and (N,C,L) is N,C,1,L.
struct ImageShape {
    Size n = 1, c = 1, h = 1, w = 1;
};
ImageShape image_of(const std::vector<Size>& shape);
bool same_image(const ImageShape& a, const ImageShape& b);

// How far a convolution reads outside its input.
struct Halo {
    int64_t left = 0, top = 0, right = 0, bottom = 0;
    void cover(const Halo& other);
    bool empty() const { return left == 0 && top == 0 && right == 0 && bottom == 0; }
};

struct Location {
    uint32_t tensor = plan::none;
    ElementType element = ElementType::f32;
    Packing packing = Packing::planar;
    Size offset;
    // In elements. planar: one per axis of the value, outermost first, the last one 1. c16: n, channel block, y, x
    // (16).
    std::vector<Size> strides;
};

// Row-major strides of a dense value.
std::vector<Size> dense_strides(const std::vector<Size>& shape);
bool is_dense(const Location& at, const std::vector<Size>& shape);

Size channel_blocks(const Size& channels);

// The least stride, in floats, of an odd number of cache lines that holds as many: what lies at multiples of it does
// not fall into the same few sets of a cache.
Size odd_lines(const Size& lines);

// The whole tensor that a channel-blocked image with a halo needs, and where the image lies in it.
Size blocked_elements(const ImageShape& image, const Halo& halo);
Location blocked_location(uint32_t tensor, const ImageShape& image, const Halo& halo);

// (x, y, c, n) of a planar value of rank 2 to 4.
BufferView planar_image(const Location& at, const std::vector<Size>& shape);
// (c, x, y, cb, n).
BufferView blocked_image(const Location& at, const ImageShape& image);
// Either, as the location says.
BufferView image_view(const Location& at, const std::vector<Size>& shape);
// `count` of a dimension, from `first` on.
BufferView cut(BufferView view, size_t dim, const Size& first, const Size& count);
// So much of a dimension at a time, from an iteration of a loop to the next.
BufferView moving(BufferView view, size_t dim, const Size& extent);
// A dense tensor, extents innermost first.
BufferView dense_view(uint32_t tensor, ElementType element, const std::vector<Size>& extents);

}  // namespace atrous
