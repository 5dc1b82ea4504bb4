#include "schedules/fallback/winograd.h"

#include <algorithm>

namespace atrous::fallback {

using namespace Halide;

namespace {

// Of tiles with more elements, columns are done in a loop: there are more addresses than registers for them.
bool is_small(const WinogradTile& tile) {
    constexpr int few_elements = 36;
    return tile.size_x() * tile.size_y() <= few_elements;
}

}  // namespace

void apply(WinogradWeights& w, const WinogradWeightsSpec& spec, const Target&) {
    w.output.bound(w.c, 0, channel_block).bound(w.ex, 0, spec.tile.size_x()).bound(w.ey, 0, spec.tile.size_y());
    Var block("k_block"), lane("k_lane");
    w.output.split(w.k, block, lane, channel_block, TailStrategy::RoundUp)
        .reorder(w.c, w.ey, w.ex, lane, block, w.cb)
        .vectorize(w.c)
        .unroll(w.ey)
        .unroll(w.ex)
        .parallel(w.cb);
    w.rows.compute_at(w.output, w.ex).vectorize(w.c).unroll(w.ky);
    // A lane's taps follow those of the lane before it (FilterOrder::taps_inside): memory is read from the first to the
    // last byte, but no prefetcher looks far enough ahead.
    constexpr int lanes_ahead = 6;
    w.output.prefetch(w.source, lane, lane, lanes_ahead, PrefetchBoundStrategy::NonFaulting);
}

void apply(WinogradFetch& f, const WinogradFetchSpec&, const Target&) {
    f.output.bound(f.c, 0, channel_block).vectorize(f.c);
    f.largest.compute_root().bound_extent(f.c, channel_block).vectorize(f.c).store_in(MemoryType::Stack);
    f.largest.update().reorder(f.c, f.area.x, f.area.y, f.area.z).vectorize(f.c);
}

// As many channels at a time as one register holds: then eight registers hold an axis of a tile of eight elements. Rows
// are done in a loop: unrolled, all of a tile's pixels are wanted at once.
void apply(WinogradInput& w, const WinogradInputSpec& spec, const Target& target) {
    const int lanes = std::min(channel_block, vector_floats(target));
    Var part("part"), lane("lane");
    w.output.bound(w.c, 0, channel_block).bound(w.ex, 0, spec.tile.size_x()).bound(w.ey, 0, spec.tile.size_y());
    w.output.split(w.c, part, lane, lanes)
        .reorder(lane, w.ey, w.ex, part, w.p, w.cb, w.panel)
        .vectorize(lane)
        .unroll(w.ey);
    if (is_small(spec.tile)) w.output.unroll(w.ex);
    w.rows.compute_at(w.output, part).bound_extent(w.c, lanes).vectorize(w.c);
    const Var iy = w.rows.args()[5];
    w.rows.reorder(w.c, w.ex, iy).unroll(w.ex);
}

// One column of a tile after the other, from what was summed up along its rows: a column's outputs stay in registers,
// and what decides whether it exists is asked once.
void apply(WinogradOutput& w, const WinogradOutputSpec& spec, const Target& target) {
    const int lanes = std::min(channel_block, vector_floats(target));
    Var part("part"), lane("lane");
    RVar oy = w.pixels[0], ox = w.pixels[1], tx = w.pixels[2], ty = w.pixels[3], image = w.pixels[4];
    w.output.bound(w.c, 0, channel_block);
    w.output.update()
        .split(w.c, part, lane, lanes)
        .reorder(lane, oy, ox, part, tx, ty, w.cb, image)
        .vectorize(lane)
        .unroll(oy);
    w.rows.compute_at(w.output, part).bound_extent(w.c, lanes).vectorize(w.c);
    w.rows.reorder(w.c, w.ox, w.ey).unroll(w.ox);
    if (has_avx512(target)) {
        w.rows.unroll(w.ey);  // products come from cache, and 32 registers hold them
        if (is_small(spec.tile)) w.output.update().unroll(ox);
    }
    w.tile.compute_at(w.output, ox).bound_extent(w.c, lanes).vectorize(w.c);
    w.tile.reorder(w.c, w.oy, w.ox).unroll(w.ox).unroll(w.oy);
}

std::optional<Layout> layout(const BatchedGemmSpec&, const SizeHint&, const Target&) {
    return Layout{};
}

void apply(BatchedGemm& g, const BatchedGemmSpec&, const Layout&, const Extents&, const Target&) {
    g.output.bound(g.c, 0, channel_block).vectorize(g.c);
    g.sum.compute_at(g.output, g.p).bound_extent(g.c, channel_block).vectorize(g.c);
    if (g.part.defined()) {
        g.sum.update().vectorize(g.c);
        g.part.compute_at(g.sum, g.parts).bound_extent(g.c, channel_block).vectorize(g.c);
    }
    g.products().update().reorder(g.c, g.k.x, g.k.y).vectorize(g.c);
}

}  // namespace atrous::fallback
