#include "schedules/x86/dilated_conv.h"

#include "schedules/blocked/dilated_conv.h"
#include "schedules/x86/register_tile.h"

namespace atrous::x86 {

using Halide::Target;

std::optional<Layout> layout(const ConvSpec& spec, const SizeHint& hint, const Target& target) {
    if (spec.packing != Packing::c16 || target.arch != Target::X86) return std::nullopt;
    Layout layout = register_tile(hint, target);
    layout.blocks_outer = blocked::blocks_outside_rows(spec, hint);
    // Cores with AVX-512 take fewer bytes for a product; not measured there.
    if (!has_avx512(target)) layout.depth = blocked::depth_of(spec, hint, layout);
    return layout;
}

Space space(const ConvSpec& spec, const SizeHint& hint, const Target& target) {
    return blocked::space_of(spec, hint, register_space(hint, target));
}

void apply(DilatedConv& conv, const ConvSpec&, const Layout& layout, const Extents& extents, const Target& target) {
    blocked::apply(conv, layout, extents, target, accumulate);
}

}  // namespace atrous::x86
