#include "schedules/x86/depthwise_conv.h"

#include "schedules/blocked/depthwise_conv.h"

namespace atrous::x86 {

using Halide::Target;

std::optional<Layout> layout(const DepthwiseConvSpec& spec, const SizeHint&, const Target& target) {
    if (spec.packing != Packing::c16 || target.arch != Target::X86) return std::nullopt;
    Layout layout;
    layout.tile_x = target.has_feature(Target::AVX512_Skylake) ? 8 : target.has_feature(Target::AVX) ? 4 : 2;
    return layout;
}

Space space(const DepthwiseConvSpec&, const SizeHint&, const Target& target) {
    Space space;
    space.tile_x = numbers(1, target.has_feature(Target::AVX512_Skylake) ? 16
                              : target.has_feature(Target::AVX)          ? 6
                                                                         : 3);
    return space;
}

void apply(DepthwiseConv& conv, const DepthwiseConvSpec&, const Layout& layout, const Extents& extents, const Target&) {
    blocked::apply(conv, layout, extents);
}

}  // namespace atrous::x86
