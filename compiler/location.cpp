#include "compiler/location.h"

#include <algorithm>

namespace atrous {

ImageShape image_of(const std::vector<Size>& shape) {
    ImageShape image;
    if (!shape.empty()) image.n = shape[0];
    if (shape.size() > 1) image.c = shape[1];
    if (shape.size() > 3) image.h = shape[2];
    if (shape.size() > 2) image.w = shape.back();
    return image;
}

bool same_image(const ImageShape& a, const ImageShape& b) {
    return a.n == b.n && a.c == b.c && a.h == b.h && a.w == b.w;
}

void Halo::cover(const Halo& other) {
    left = std::max(left, other.left);
    top = std::max(top, other.top);
    right = std::max(right, other.right);
    bottom = std::max(bottom, other.bottom);
}

std::vector<Size> dense_strides(const std::vector<Size>& shape) {
    std::vector<Size> strides(shape.size());
    Size stride = 1;
    for (size_t d = shape.size(); d-- > 0;) {
        strides[d] = stride;
        stride = stride * shape[d];
    }
    return strides;
}

bool is_dense(const Location& at, const std::vector<Size>& shape) {
    if (at.packing != Packing::planar) return false;
    const std::vector<Size> dense = dense_strides(shape);
    for (size_t d = 0; d < shape.size(); ++d)
        if (shape[d].integer() != 1 && !(at.strides[d] == dense[d])) return false;
    return true;
}

Size channel_blocks(const Size& channels) {
    return ceil_div(channels, Size(channel_block));
}

Size odd_lines(const Size& lines) {
    return maximum(floor_div(lines, Size(2)) * Size(2) + Size(1), Size(1)) * Size(channel_block);
}

namespace {

Size padded_width(const ImageShape& image, const Halo& halo) {
    return image.w + Size(halo.left + halo.right);
}
Size padded_height(const ImageShape& image, const Halo& halo) {
    return image.h + Size(halo.top + halo.bottom);
}

}  // namespace

Size blocked_elements(const ImageShape& image, const Halo& halo) {
    return image.n * channel_blocks(image.c) * padded_height(image, halo) * padded_width(image, halo) *
           Size(channel_block);
}

Location blocked_location(uint32_t tensor, const ImageShape& image, const Halo& halo) {
    const Size x = channel_block, y = x * padded_width(image, halo), cb = y * padded_height(image, halo);
    const Size n = cb * channel_blocks(image.c);
    return {tensor, ElementType::f32, Packing::c16, Size(halo.top) * y + Size(halo.left) * x, {n, cb, y, x}};
}

BufferView planar_image(const Location& at, const std::vector<Size>& shape) {
    const ImageShape image = image_of(shape);
    const std::vector<Size>& s = at.strides;
    const Size x = shape.size() > 2 ? s.back() : Size(1), y = shape.size() > 3 ? s[2] : Size(0);
    const Size c = shape.size() > 1 ? s[1] : Size(0), n = shape.empty() ? Size(0) : s[0];
    return {at.tensor, at.element, at.offset, {{image.w, x}, {image.h, y}, {image.c, c}, {image.n, n}}};
}

BufferView blocked_image(const Location& at, const ImageShape& image) {
    return {at.tensor,
            at.element,
            at.offset,
            {{Size(channel_block), Size(1)},
             {image.w, at.strides[3]},
             {image.h, at.strides[2]},
             {channel_blocks(image.c), at.strides[1]},
             {image.n, at.strides[0]}}};
}

BufferView image_view(const Location& at, const std::vector<Size>& shape) {
    return at.packing == Packing::c16 ? blocked_image(at, image_of(shape)) : planar_image(at, shape);
}

BufferView cut(BufferView view, size_t dim, const Size& first, const Size& count) {
    view.offset = view.offset + first * view.dims[dim].stride;
    view.dims[dim].extent = count;
    return view;
}

BufferView moving(BufferView view, size_t dim, const Size& extent) {
    view.per_iteration = view.dims[dim].stride * extent;
    view.dims[dim].extent = extent;
    return view;
}

BufferView dense_view(uint32_t tensor, ElementType element, const std::vector<Size>& extents) {
    BufferView view{tensor, element, Size(0), {}};
    Size stride = 1;
    for (const Size& extent : extents) {
        view.dims.push_back({extent, stride});
        stride = stride * extent;
    }
    return view;
}

}  // namespace atrous
