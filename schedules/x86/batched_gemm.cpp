#include "schedules/x86/batched_gemm.h"

#include "schedules/x86/register_tile.h"

namespace atrous::x86 {

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

std::optional<Layout> layout(const BatchedGemmSpec&, const SizeHint& hint, const Target& target) {
    if (target.arch != Target::X86) return std::nullopt;
    return panel_register_tile(hint, target);
}

void apply(BatchedGemm& g, const BatchedGemmSpec&, const Layout& layout, const Extents& extents, const Target& target) {
    g.output.bound(g.c, 0, channel_block);
    Expr fits = extents.width % layout.tile_x == 0 && extents.blocks % layout.tile_blocks == 0;
    tile(g.output.specialize(fits), g, layout.tile_x, layout.tile_blocks);
    tile(g.output, g, 1, 1);

    g.sum.compute_at(g.output, Var("po")).bound_extent(g.c, channel_block);
    g.sum.vectorize(g.c).unroll(g.p).unroll(g.cb);
    keep_in_registers(g.sum.update(), g.c, g.p, g.cb, {g.k.x, g.k.y}, layout, target);
    g.sum.update().unroll(g.k.x, 2);
}

}  // namespace atrous::x86
