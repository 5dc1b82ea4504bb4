#include "schedules/x86/batched_gemm.h"

#include "schedules/x86/register_tile.h"

namespace atrous::x86 {

using namespace Halide;

namespace {

void tile(Stage output, const BatchedGemm& g, int tiles, int blocks) {
    Var to("to"), ti("ti"), bo("bo"), bi("bi");
    output.split(g.t, to, ti, tiles, TailStrategy::ShiftInwards)
        .split(g.cb, bo, bi, blocks, TailStrategy::RoundUp)
        .reorder(g.c, bi, ti, to, bo, g.e)
        .vectorize(g.c)
        .unroll(bi)
        .unroll(ti);
}

}  // namespace

std::optional<Layout> layout(const BatchedGemmSpec&, const SizeHint& hint, const Target& target) {
    if (target.arch != Target::X86) return std::nullopt;
    return register_tile(hint, target);
}

void apply(BatchedGemm& g, const BatchedGemmSpec&, const Layout& layout, const Extents& extents, const Target&) {
    g.output.bound(g.c, 0, channel_block);
    Expr fits = extents.width >= layout.tile_x && extents.blocks % layout.tile_blocks == 0;
    tile(g.output.specialize(fits), g, layout.tile_x, layout.tile_blocks);
    if (layout.tile_x > 4) tile(g.output.specialize(extents.width >= 4), g, 4, 1);
    tile(g.output, g, 1, 1);

    // The order of the unrolled dimensions as in dilated_conv.cpp, for the same reason.
    g.sum.compute_at(g.output, Var("to")).bound_extent(g.c, channel_block);
    g.sum.vectorize(g.c).unroll(g.t).unroll(g.cb);
    g.sum.update().reorder(g.c, g.cb, g.t, g.k.x, g.k.y, g.e).vectorize(g.c).unroll(g.t).unroll(g.cb).unroll(g.k.x, 2);
}

}  // namespace atrous::x86
