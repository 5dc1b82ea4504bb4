#include "schedules/fallback/winograd.h"

namespace atrous::fallback {

using namespace Halide;

void apply(WinogradWeights& w, const WinogradWeightsSpec& spec, const Target&) {
    w.output.bound(w.c, 0, channel_block).bound(w.ex, 0, spec.tile.size_x()).bound(w.ey, 0, spec.tile.size_y());
    w.output.reorder(w.c, w.ey, w.ex, w.k, w.cb).vectorize(w.c).unroll(w.ey).parallel(w.cb);
    w.rows.compute_at(w.output, w.ex).vectorize(w.c).unroll(w.rows.args().back());
    w.output.unroll(w.ex);
}

void apply(WinogradInput& w, const WinogradInputSpec& spec, const Target&) {
    w.output.bound(w.c, 0, channel_block).bound(w.ex, 0, spec.tile.size_x()).bound(w.ey, 0, spec.tile.size_y());
    w.output.reorder(w.c, w.ey, w.ex, w.tx, w.ty, w.cb).vectorize(w.c).unroll(w.ey).unroll(w.ex);
    w.rows.compute_at(w.output, w.tx).bound_extent(w.c, channel_block).vectorize(w.c);
    w.rows.reorder(w.c, w.ex, w.rows.args().back()).unroll(w.ex).unroll(w.rows.args().back());
}

void apply(WinogradOutput& w, const WinogradOutputSpec&, const Target&) {
    RVar ox = w.pixels.x, oy = w.pixels.y, tx = w.pixels.z, ty = w.pixels.w;
    w.output.bound(w.c, 0, channel_block);
    w.output.update().reorder(w.c, ox, oy, tx, ty, w.cb).vectorize(w.c).unroll(ox).unroll(oy);
    w.rows.compute_at(w.output, tx).bound_extent(w.c, channel_block).vectorize(w.c);
    w.rows.reorder(w.c, w.ox, w.ey).unroll(w.ox).unroll(w.ey);
    w.tile.compute_at(w.output, tx).bound_extent(w.c, channel_block).vectorize(w.c);
    w.tile.reorder(w.c, w.oy, w.ox).unroll(w.ox).unroll(w.oy);
}

std::optional<Layout> layout(const BatchedGemmSpec&, const SizeHint&, const Target&) {
    return Layout{};
}

void apply(BatchedGemm& g, const BatchedGemmSpec&, const Layout&, const Extents&, const Target&) {
    g.output.bound(g.c, 0, channel_block).vectorize(g.c);
    g.sum.compute_at(g.output, g.t).bound_extent(g.c, channel_block).vectorize(g.c);
    g.sum.update().reorder(g.c, g.k.x, g.k.y).vectorize(g.c);
}

}  // namespace atrous::fallback
