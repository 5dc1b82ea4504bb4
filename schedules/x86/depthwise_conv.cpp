#include "schedules/x86/depthwise_conv.h"

namespace atrous::x86 {

using namespace Halide;

namespace {

void strip(Stage output, const DepthwiseConv& conv, int pixels) {
    const ImageVars& v = conv.v;
    Var xo("xo"), xi("xi"), task("task");
    output.split(v.x, xo, xi, pixels, TailStrategy::ShiftInwards)
        .reorder(v.c, xi, xo, v.y, v.cb, v.n)
        .vectorize(v.c)
        .unroll(xi)
        .parallel(v.y)
        .fuse(v.cb, v.n, task)
        .parallel(task);
}

}  // namespace

std::optional<Layout> layout(const DepthwiseConvSpec& spec, const SizeHint&, const Target& target) {
    if (spec.packing != Packing::c16 || target.arch != Target::X86) return std::nullopt;
    Layout layout;
    layout.tile_x = target.has_feature(Target::AVX512_Skylake) ? 8 : target.has_feature(Target::AVX) ? 4 : 2;
    return layout;
}

void apply(DepthwiseConv& conv, const DepthwiseConvSpec&, const Layout& layout, const Extents& extents, const Target&) {
    const ImageVars& v = conv.v;
    conv.output.bound(v.c, 0, channel_block);
    strip(conv.output.specialize(extents.width >= layout.tile_x), conv, layout.tile_x);
    strip(conv.output, conv, 1);
    conv.sum.compute_at(conv.output, Var("xo")).bound_extent(v.c, channel_block);
    conv.sum.vectorize(v.c).unroll(v.x);
    conv.sum.update().reorder(v.c, v.x, conv.taps.x, conv.taps.y, v.y, v.cb, v.n).vectorize(v.c).unroll(v.x);
}

}  // namespace atrous::x86
