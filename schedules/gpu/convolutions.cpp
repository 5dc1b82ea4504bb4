#include "schedules/gpu/convolutions.h"

#include <algorithm>

#include "schedules/gpu/grid.h"

namespace atrous::gpu {

using namespace Halide;

namespace {

constexpr int warps = 4;           // of a block
constexpr int rows_of_thread = 4;  // times channels: a thread's register tile
constexpr int most_channels = 8;   // of a thread
constexpr int staged = 3072;       // floats of filters: 12 KB beside 16 KB of sums, so that several blocks share a core

// As many lanes of a warp along x as waste least on rows of `width`; the others have further rows.
int lanes_along(int width) {
    auto covered = [&](int lanes) { return (width + lanes - 1) / lanes * lanes; };
    int best = warp;
    for (int lanes : {16, 8})
        if (width > 0 && covered(lanes) < covered(best)) best = lanes;
    return best;
}

// Output channels of a block: no more than there are, then further rows are better.
int channels_of_block(int channels) {
    int block = warps * most_channels;
    while (channels > 0 && block / 2 >= channels && block > warps) block /= 2;
    return block;
}

// How a block of threads covers its tile of the output.
struct Tile {
    int lanes_x, lanes_y;  // pixels of a warp
    int warps_y, warps_c;  // warps of a block
    int channels;          // of a thread
    int height;            // of the block

    explicit Tile(const Layout& layout) {
        lanes_x = layout.tile_x;
        lanes_y = warp / lanes_x;
        channels = std::min(layout.tile_blocks, most_channels);
        warps_c = layout.tile_blocks / channels;
        warps_y = warps / warps_c;
        height = lanes_y * warps_y * rows_of_thread;
    }
};

// One thread a pixel, in either packing. Returns the loop over its pixels.
Var simple_nest(Func output, const ImageVars& v, Packing packing) {
    if (packing == Packing::planar) return on_grid(output, v.x, v.y, {v.cb, v.n});
    return on_grid(output, v.c, v.x, {v.y, v.cb, v.n});
}

}  // namespace

std::optional<Layout> layout(const ConvSpec& spec, const SizeHint& hint, const Target& target) {
    if (!target.has_gpu_feature()) return {};
    Layout layout;
    if (!spec.blocked_filters) return layout;
    const int channels = channels_of_block(hint.channels_out);
    const int filter = spec.kernel_x * spec.kernel_y * channels;
    if (filter > staged) return layout;
    layout.tile_x = lanes_along(hint.width);
    layout.tile_blocks = channels;
    for (layout.depth = 32; layout.depth * filter > staged;) layout.depth /= 2;
    return layout;
}

Space space(const ConvSpec& spec, const SizeHint&, const Target&) {
    Space space;
    if (!spec.blocked_filters) return space;
    const int taps = spec.kernel_x * spec.kernel_y;
    for (int channels = 4; channels <= warps * most_channels && taps * channels <= staged; channels *= 2)
        space.tile_blocks.push_back(channels);
    if (space.tile_blocks.empty()) return space;
    space.tile_x = {8, 16, warp};
    for (int depth = 1; depth <= 32 && depth * taps * space.tile_blocks.back() <= staged; depth *= 2)
        space.depth.push_back(depth);
    return space;
}

// A block of threads has a tile of the output, whose sums lie in shared memory. For some input channels at a time, it
// brings the filters there, and every thread adds up their products for its register tile: a pixel in some rows times
// some channels. The input is read through the first level of cache: a warp's pixels lie side by side, whatever the
// dilation, and memory for what a block reads would grow with it.
void apply(DilatedConv& conv, const ConvSpec& spec, const Layout& layout, const Extents&, const Target&) {
    const ImageVars& v = conv.v;
    if (layout.depth == 0) {
        conv.sum.compute_at(conv.output, simple_nest(conv.output, v, spec.packing));
        return;
    }
    const Tile tile(layout);
    Var block("block"), block_y("block_y"), block_c("block_c"), lane("lane"), lane_y("lane_y"), warp_y("warp_y");
    Var warp_c("warp_c"), index("index");
    RVar chunk("chunk"), ci("ci");

    // The tile's own loops are x, y and cb.
    auto on_threads = [&](Stage stage, std::vector<VarOrRVar> around) {
        stage.split(v.y, lane_y, v.y, rows_of_thread)
            .split(lane_y, warp_y, lane_y, tile.lanes_y)
            .split(v.cb, warp_c, v.cb, tile.channels);
        std::vector<VarOrRVar> order{v.cb, v.y, v.x, lane_y, warp_y, warp_c};
        order.insert(order.end(), around.begin(), around.end());
        stage.reorder(order).fuse(v.x, lane_y, lane).fuse(warp_y, warp_c, warp_y);
        stage.unroll(v.cb).unroll(v.y).gpu_threads(lane, warp_y);
    };
    conv.output.split(v.x, block, v.x, tile.lanes_x, TailStrategy::GuardWithIf)
        .split(v.y, block_y, v.y, tile.height, TailStrategy::GuardWithIf)
        .split(v.cb, block_c, v.cb, layout.tile_blocks, TailStrategy::GuardWithIf);
    on_threads(conv.output, {block, block_y, block_c, v.n});
    conv.output.fuse(block, block_y, block).fuse(block, block_c, block).fuse(block, v.n, block).gpu_blocks(block);

    Func part =
        conv.sum.update().split(conv.taps.z, chunk, ci, layout.depth, TailStrategy::GuardWithIf).rfactor(chunk, index);
    conv.sum.compute_at(conv.output, block).store_in(MemoryType::GPUShared);
    conv.sum.bound_extent(v.x, tile.lanes_x).bound_extent(v.y, tile.height).bound_extent(v.cb, layout.tile_blocks);
    on_threads(conv.sum, {v.n});
    on_threads(conv.sum.update(), {chunk, v.n});

    part.compute_at(conv.sum, lane).reorder_storage(v.cb, v.y, v.x, v.n, index);
    part.bound_extent(v.y, rows_of_thread).bound_extent(v.cb, tile.channels);
    auto in_registers = [&](Stage stage, std::vector<VarOrRVar> around) {
        Var channels("channels");
        std::vector<VarOrRVar> order{v.cb, channels, v.y};
        order.insert(order.end(), around.begin(), around.end());
        stage.split(v.cb, channels, v.cb, 4).reorder(order).vectorize(v.cb).unroll(channels).unroll(v.y);
    };
    in_registers(part, {v.x, v.n, index});
    in_registers(part.update(), {ci, conv.taps.x, conv.taps.y, v.x, v.n, index});

    // (kx, ky, ci, co): lanes go along output channels, then input channels, as they lie in memory.
    const std::vector<Var> w = conv.weights.args();
    const int lanes_ci = std::min(layout.depth, warp / std::min(warp, layout.tile_blocks));
    Var k("k"), lane_ci("lane_ci");
    conv.weights.compute_at(conv.sum, chunk).store_in(MemoryType::GPUShared);
    conv.weights.reorder_storage(w[3], w[0], w[1], w[2]);
    conv.weights.bound_extent(w[2], layout.depth).bound_extent(w[3], layout.tile_blocks);
    conv.weights.split(w[2], w[2], lane_ci, lanes_ci)
        .reorder(w[3], lane_ci, w[2], w[0], w[1])
        .fuse(w[3], lane_ci, lane)
        .fuse(w[2], w[0], k)
        .fuse(k, w[1], k)
        .split(k, k, warp_c, warps, TailStrategy::GuardWithIf)
        .reorder(k, lane, warp_c)
        .gpu_threads(lane, warp_c);
}

std::optional<Layout> layout(const DepthwiseConvSpec&, const SizeHint&, const Target& target) {
    if (!target.has_gpu_feature()) return {};
    return Layout{};
}

// A thread has a pixel in some rows: what their windows share is read once.
void apply(DepthwiseConv& conv, const DepthwiseConvSpec& spec, const Layout&, const Extents&, const Target&) {
    const ImageVars& v = conv.v;
    if (spec.packing == Packing::c16 || spec.widening > 0) {
        conv.sum.compute_at(conv.output, simple_nest(conv.output, v, Packing::c16));
        return;
    }
    Var block("block"), block_y("block_y"), thread_y("thread_y");
    conv.output.split(v.x, block, v.x, warp, TailStrategy::GuardWithIf)
        .split(v.y, thread_y, v.y, rows_of_thread, TailStrategy::GuardWithIf)
        .split(thread_y, block_y, thread_y, rows_of_block, TailStrategy::GuardWithIf)
        .reorder(v.y, v.x, thread_y, block, block_y, v.cb, v.n)
        .fuse(block, block_y, block)
        .fuse(block, v.cb, block)
        .fuse(block, v.n, block)
        .unroll(v.y)
        .gpu_blocks(block)
        .gpu_threads(v.x, thread_y);
    conv.sum.compute_at(conv.output, v.x).bound_extent(v.y, rows_of_thread).unroll(v.y);
    conv.sum.update().reorder(v.y, conv.taps.x, conv.taps.y, v.x, v.cb, v.n).unroll(v.y);
    if (spec.kernel_x * spec.kernel_y <= 25) conv.sum.update().unroll(conv.taps.x).unroll(conv.taps.y);
}

std::optional<Layout> layout(const TransposedConvSpec&, const SizeHint&, const Target& target) {
    if (!target.has_gpu_feature()) return {};
    return Layout{};
}

// A thread has a pixel in some channels, which read the same input. The last of them are done twice rather than read
// past the end.
void apply(TransposedConv& conv, const TransposedConvSpec&, const Layout&, const Extents& extents, const Target&) {
    const ImageVars& v = conv.v;
    Var block_c("block_c");
    auto nest = [&](Stage stage, int channels) {
        stage.split(v.cb, block_c, v.cb, channels, TailStrategy::ShiftInwards);
        const Var pixel = on_grid(stage, v.x, v.y, {v.n}, {1, {v.cb}});
        stage.reorder(Var("block"), block_c).unroll(v.cb).gpu_blocks(block_c);
        return pixel;
    };
    nest(conv.output.specialize(extents.blocks >= most_channels), most_channels);
    conv.sum.compute_at(conv.output, nest(conv.output, 1)).unroll(v.cb);
    conv.sum.update().reorder(v.cb, conv.taps.x, conv.taps.y, conv.taps.z, v.x, v.y, v.n).unroll(v.cb);
}

void apply(NarrowConv& conv, const NarrowConvSpec&) {
    const Var pixel = simple_nest(conv.output, conv.v, Packing::planar);
    conv.sum.compute_at(conv.output, pixel);
    conv.lanes.compute_at(conv.output, pixel);
}

void apply(PhasedConv& conv, const PhasedConvSpec&) {
    const Var pixel = on_grid(conv.output, conv.x, conv.y, {conv.u, conv.v, conv.co, conv.n});
    conv.sum.compute_at(conv.output, pixel);
}

}  // namespace atrous::gpu
