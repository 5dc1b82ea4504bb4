#include "schedules/blocked/batched_gemm.h"

namespace atrous::blocked {

using namespace Halide;

namespace {

// For panels of a multiple of `tiles`, and a multiple of `blocks`.
void tile(Stage output, const BatchedGemm& g, int tiles, int blocks) {
    Var po("po"), pi("pi"), bo("bo"), bi("bi");
    output.split(g.p, po, pi, tiles, TailStrategy::RoundUp)
        .split(g.cb, bo, bi, blocks, TailStrategy::RoundUp)
        .reorder(g.c, bi, pi, po, g.panel, bo, g.e)
        .vectorize(g.c)
        .unroll(bi)
        .unroll(pi);
}

}  // namespace

void apply(BatchedGemm& g, const BatchedGemmSpec& spec, const Layout& layout, const Extents& extents,
           const Target& target, Accumulate accumulate) {
    g.output.bound(g.c, 0, channel_block);
    Expr fits = extents.width % layout.tile_x == 0 && extents.blocks % layout.tile_blocks == 0;
    tile(g.output.specialize(fits), g, layout.tile_x, layout.tile_blocks);
    tile(g.output, g, 1, 1);

    g.sum.compute_at(g.output, Var("po")).bound_extent(g.c, channel_block);
    if (g.part.defined()) {
        g.sum.vectorize(g.c).unroll(g.p).unroll(g.cb).store_in(MemoryType::Stack);
        g.sum.update().reorder(g.c, g.cb, g.p, g.parts).vectorize(g.c).unroll(g.cb).unroll(g.p);
        g.part.compute_at(g.sum, g.parts).bound_extent(g.c, channel_block);
    }
    // Panels lie one after the other, so that what follows a panel's last blocks is the next one.
    constexpr int blocks_ahead = 4;
    if (spec.far)
        g.products().update().prefetch(g.source, g.k.y, g.k.y, blocks_ahead, PrefetchBoundStrategy::NonFaulting);
    accumulate({g.products(), g.pixels, g.c, g.p, g.cb, {g.k.x, g.k.y}, channel_block}, layout, target);
}

}  // namespace atrous::blocked
