#include "schedules/blocked/dilated_conv.h"

#include <algorithm>
#include <utility>

namespace atrous::blocked {

using namespace Halide;

namespace {

// One loop nest for an output range of at least `tile_x` pixels and a multiple of `tile_blocks` blocks.
void tile(Stage output, const DilatedConv& conv, const Expr& tile_x, int tile_blocks, bool blocks_outer) {
    const ImageVars& v = conv.v;
    Var xo("xo"), xi("xi"), bo("bo"), bi("bi"), rows("rows"), task("task");
    output.split(v.x, xo, xi, tile_x, TailStrategy::ShiftInwards)
        .split(v.cb, bo, bi, tile_blocks, TailStrategy::RoundUp)
        .reorder(v.c, bi, xi, xo, blocks_outer ? v.y : bo, blocks_outer ? bo : v.y, v.n)
        .vectorize(v.c)
        .unroll(bi)
        .fuse(blocks_outer ? v.y : bo, blocks_outer ? bo : v.y, rows)
        .fuse(rows, v.n, task)
        .parallel(task);
    if (is_const(tile_x)) output.unroll(xi);
}

TileSum tile_sum(const DilatedConv& conv, const Func& sum, const Extents& extents) {
    const ImageVars& v = conv.v;
    return {sum, conv.pixels, v.c, v.x, v.cb, {conv.taps.x, conv.taps.y, conv.taps.z, conv.taps.w}, extents.ci_lanes};
}

// A row at a time, or a piece of one, whose sums stay in the first level of cache while one part of the weights after
// the other, as much as fits beside them, is multiplied with all of its pixels.
void apply_in_parts(DilatedConv& conv, const Layout& layout, const Extents& extents, const Expr& fits,
                    const Target& target, Accumulate accumulate) {
    const ImageVars& v = conv.v;
    constexpr int longest = 48;
    Expr pieces = (extents.width + longest - 1) / longest;
    Expr even = (extents.width + pieces - 1) / pieces;
    Expr whole_tiles = (even + layout.tile_x - 1) / layout.tile_x * layout.tile_x;
    tile(conv.output.specialize(fits), conv, min(min(whole_tiles, extents.width), longest), layout.tile_blocks,
         layout.blocks_outer);
    tile(conv.output, conv, 1, 1, layout.blocks_outer);

    Var xt("xt"), xi("xi");
    conv.sum.compute_at(conv.output, Var("xo"))
        .bound_extent(v.c, channel_block)
        .vectorize(v.c)
        .store_in(MemoryType::Stack);
    auto add = [&](Stage stage, int pixels) {
        stage.split(v.x, xt, xi, pixels, pixels > 1 ? TailStrategy::ShiftInwardsAndBlend : TailStrategy::Auto)
            .reorder(v.c, v.cb, xi, xt, conv.parts)
            .vectorize(v.c)
            .unroll(v.cb)
            .unroll(xi);
    };
    add(conv.sum.update().specialize(fits), layout.tile_x);
    add(conv.sum.update(), 1);
    conv.part.compute_at(conv.sum, xt).bound_extent(v.c, channel_block);
    accumulate(tile_sum(conv, conv.part, extents), layout, target);
}

}  // namespace

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

// Input channel blocks whose weights, for the blocks of a register tile, leave room in the first level of cache. 0: all
// at once, where that is less than twice as much, or where the parts would be so small (of 3×3 filters) that adding
// them up costs as much as the second level of cache; that one's bandwidth does for up to some 96 KB.
int depth_of(const ConvSpec& spec, const SizeHint& hint, const Layout& layout) {
    constexpr int part_bytes = 16 * 1024;
    const int most_bytes = spec.kernel_x * spec.kernel_y == 1 ? 24 * 1024 : 96 * 1024;
    if (spec.grouped || layout.tile_blocks < 2) return 0;
    const int blocks = (hint.channels_in + channel_block - 1) / channel_block;
    const int64_t block_bytes = int64_t{64} * channel_block * layout.tile_blocks * spec.kernel_x * spec.kernel_y;
    if (blocks * block_bytes <= most_bytes || hint.width < 2 * layout.tile_x) return 0;
    const int fitting = static_cast<int>(std::max<int64_t>(1, part_bytes / block_bytes));
    const int parts = (blocks + fitting - 1) / fitting;
    return (blocks + parts - 1) / parts;
}

Space space_of(const ConvSpec& spec, const SizeHint& hint, Space tile) {
    Space space = std::move(tile);
    space.blocks_outer = {0, 1};
    space.depth = {0};
    const int blocks = (hint.channels_in + channel_block - 1) / channel_block;
    for (int parts = 2; parts <= 16 && !spec.grouped; parts *= 2)
        if (blocks % parts == 0) space.depth.push_back(blocks / parts);
    return space;
}

void apply(DilatedConv& conv, const Layout& layout, const Extents& extents, const Target& target,
           Accumulate accumulate) {
    const ImageVars& v = conv.v;
    conv.output.bound(v.c, 0, channel_block);
    Expr fits = extents.width >= layout.tile_x && extents.blocks % layout.tile_blocks == 0;
    if (conv.part.defined()) return apply_in_parts(conv, layout, extents, fits, target, accumulate);
    tile(conv.output.specialize(fits), conv, layout.tile_x, layout.tile_blocks, layout.blocks_outer);
    if (layout.tile_x * layout.tile_blocks > 4) {
        tile(conv.output.specialize(extents.width >= 4), conv, 4, 1, layout.blocks_outer);
    }
    tile(conv.output, conv, 1, 1, layout.blocks_outer);

    conv.sum.compute_at(conv.output, Var("xo")).bound_extent(v.c, channel_block);
    accumulate(tile_sum(conv, conv.sum, extents), layout, target);
}

}  // namespace atrous::blocked
