#include "schedules/arm/depthwise_conv.h"

#include "schedules/blocked/depthwise_conv.h"

namespace atrous::arm {

using Halide::Target;

std::optional<Layout> layout(const DepthwiseConvSpec& spec, const SizeHint&, const Target& target) {
    if (spec.packing != Packing::c16 || !is_arm64(target)) return std::nullopt;
    Layout layout;
    layout.tile_x = 6;  // of four vectors each, beside four of weights
    return layout;
}

Space space(const DepthwiseConvSpec&, const SizeHint&, const Target&) {
    Space space;
    space.tile_x = numbers(1, 7);
    return space;
}

void apply(DepthwiseConv& conv, const DepthwiseConvSpec&, const Layout& layout, const Extents& extents, const Target&) {
    blocked::apply(conv, layout, extents);
}

}  // namespace atrous::arm
