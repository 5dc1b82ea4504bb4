#include "schedules/blocked/depthwise_conv.h"

namespace atrous::blocked {

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

void apply(DepthwiseConv& conv, const Layout& layout, const Extents& extents) {
    const ImageVars& v = conv.v;
    conv.output.bound(v.c, 0, channel_block);
    strip(conv.output.specialize(extents.width >= layout.tile_x), conv, layout.tile_x);
    strip(conv.output, conv, 1);
    conv.sum.compute_at(conv.output, Var("xo")).bound_extent(v.c, channel_block);
    conv.sum.vectorize(v.c).unroll(v.x);
    conv.sum.update().reorder(v.c, v.x, conv.taps.x, conv.taps.y, v.y, v.cb, v.n).vectorize(v.c).unroll(v.x);
}

}  // namespace atrous::blocked
