#include "schedules/arm/dilated_conv.h"

#include "schedules/arm/register_tile.h"
#include "schedules/blocked/dilated_conv.h"

namespace atrous::arm {

using Halide::Target;

std::optional<Layout> layout(const ConvSpec& spec, const SizeHint& hint, const Target& target) {
    if (spec.packing != Packing::c16 || !is_arm64(target)) return std::nullopt;
    Layout layout = register_tile(hint);
    layout.blocks_outer = blocked::blocks_outside_rows(spec, hint);
    return layout;
}

Space space(const ConvSpec& spec, const SizeHint& hint, const Target&) {
    return blocked::space_of(spec, hint, register_space(hint));
}

void apply(DilatedConv& conv, const ConvSpec&, const Layout& layout, const Extents& extents, const Target& target) {
    blocked::apply(conv, layout, extents, target, accumulate);
}

}  // namespace atrous::arm
