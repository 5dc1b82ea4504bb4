#include "schedules/x86/dilated_conv.h"

#include "schedules/x86/register_tile.h"

namespace atrous::x86 {

using namespace Halide;

namespace {

// One loop nest for an output range of at least `tile_x` pixels and a multiple of `tile_blocks` blocks.
void tile(Stage output, const DilatedConv& conv, int tile_x, int tile_blocks, bool blocks_outer) {
    const ImageVars& v = conv.v;
    Var xo("xo"), xi("xi"), bo("bo"), bi("bi"), rows("rows"), task("task");
    output.split(v.x, xo, xi, tile_x, TailStrategy::ShiftInwards)
        .split(v.cb, bo, bi, tile_blocks, TailStrategy::RoundUp)
        .reorder(v.c, bi, xi, xo, blocks_outer ? v.y : bo, blocks_outer ? bo : v.y, v.n)
        .vectorize(v.c)
        .unroll(bi)
        .unroll(xi)
        .fuse(blocks_outer ? v.y : bo, blocks_outer ? bo : v.y, rows)
        .fuse(rows, v.n, task)
        .parallel(task);
}

// Rows outside: the pixels of a row are read from cache for all output channels, and the weights stream past, row after
// row. Blocks outside: the weights of a block stay, and the image streams past, block after block; that is less only
// where the image is small or its rows are short. Streams of weights are one piece of memory, which is prefetched well;
// those of an image are one for each channel block.
bool blocks_outside_rows(const ConvSpec& spec, const SizeHint& hint) {
    constexpr int64_t cached = 600 * 1024;  // of a second level of 1 MB
    const int64_t weights = int64_t{4} * spec.kernel_x * spec.kernel_y * hint.channels_in * hint.channels_out;
    const int64_t row = int64_t{4} * hint.width * spec.stride_x * hint.channels_in;
    if (weights <= cached) return false;
    return row * spec.stride_y * hint.height <= cached || hint.width < 24;
}

}  // namespace

std::optional<Layout> layout(const ConvSpec& spec, const SizeHint& hint, const Target& target) {
    if (spec.packing != Packing::c16 || target.arch != Target::X86) return std::nullopt;
    Layout layout = register_tile(hint, target, true);
    layout.blocks_outer = blocks_outside_rows(spec, hint);
    return layout;
}

void apply(DilatedConv& conv, const ConvSpec&, const Layout& layout, const Extents& extents, const Target&) {
    const ImageVars& v = conv.v;
    conv.output.bound(v.c, 0, channel_block);
    Expr fits = extents.width >= layout.tile_x && extents.blocks % layout.tile_blocks == 0;
    tile(conv.output.specialize(fits), conv, layout.tile_x, layout.tile_blocks, layout.blocks_outer);
    if (layout.tile_x > 4) {
        tile(conv.output.specialize(extents.width >= 4), conv, 4, 1, layout.blocks_outer);
    }
    tile(conv.output, conv, 1, 1, layout.blocks_outer);

    // Among the unrolled dimensions channel blocks go inside and pixels outside: a broadcast lives for one group of
    // FMAs. The other way round LLVM keeps all broadcasts alive and spills accumulators.
    RVar ci = conv.taps.x, kx = conv.taps.y, ky = conv.taps.z, cib = conv.taps.w;
    conv.sum.compute_at(conv.output, Var("xo")).bound_extent(v.c, channel_block);
    conv.sum.vectorize(v.c).unroll(v.x).unroll(v.cb);
    conv.sum.update().reorder(v.c, v.cb, v.x, ci, kx, ky, cib, v.y, v.n).vectorize(v.c).unroll(v.x).unroll(v.cb);
    conv.sum.update().specialize(extents.ci_lanes == channel_block).unroll(ci, 2);
}

}  // namespace atrous::x86
