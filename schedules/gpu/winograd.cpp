#include "schedules/gpu/winograd.h"

#include "schedules/gpu/grid.h"

namespace atrous::gpu {

using namespace Halide;

void apply(WinogradWeights& w, const WinogradWeightsSpec& spec) {
    w.output.bound(w.c, 0, channel_block).bound(w.ex, 0, spec.tile.size_x()).bound(w.ey, 0, spec.tile.size_y());
    const Var filter = on_grid(w.output, w.c, w.k, {w.cb}, {1, {w.ey, w.ex}});
    w.output.unroll(w.ey).unroll(w.ex);
    w.rows.compute_at(w.output, filter).unroll(w.ky).unroll(w.ex);
}

void apply(WinogradFetch& f, const WinogradFetchSpec&) {
    Var block("block");
    f.output.bound(f.c, 0, channel_block).split(f.c, block, f.c, channel_block).gpu_blocks(block).gpu_threads(f.c);
    f.largest.compute_at(f.output, f.c);
}

void apply(WinogradInput& w, const WinogradInputSpec& spec) {
    w.output.bound(w.c, 0, channel_block).bound(w.ex, 0, spec.tile.size_x()).bound(w.ey, 0, spec.tile.size_y());
    const Var tile = on_grid(w.output, w.c, w.p, {w.panel, w.cb}, {1, {w.ey, w.ex}});
    w.output.unroll(w.ey).unroll(w.ex);
    w.rows.compute_at(w.output, tile).unroll(w.rows.args()[5]).unroll(w.ex);
}

void apply(WinogradOutput& w, const WinogradOutputSpec&) {
    const RVar oy = w.pixels[0], ox = w.pixels[1], tx = w.pixels[2], ty = w.pixels[3], image = w.pixels[4];
    RVar block("block");
    w.output.bound(w.c, 0, channel_block);
    // Tiles never overlap, which Halide cannot know.
    w.output.update()
        .allow_race_conditions()
        .reorder(oy, ox, w.c, tx, ty, w.cb, image)
        .fuse(tx, ty, block)
        .fuse(block, image, block)
        .unroll(ox)
        .unroll(oy)
        .gpu_blocks(block, w.cb)
        .gpu_threads(w.c);
    w.rows.compute_at(w.output, w.c).unroll(w.ox).unroll(w.ey);
    w.tile.compute_at(w.output, w.c).unroll(w.ox).unroll(w.oy);
}

std::optional<Layout> layout(const BatchedGemmSpec&, const SizeHint&, const Target& target) {
    if (!target.has_gpu_feature()) return {};
    return Layout{};
}

void apply(BatchedGemm& g, const BatchedGemmSpec&, const Layout&, const Extents&, const Target&) {
    g.output.bound(g.c, 0, channel_block);
    g.sum.compute_at(g.output, on_grid(g.output, g.c, g.p, {g.panel, g.cb, g.e}));
    if (g.part.defined()) g.part.compute_at(g.sum, g.parts);
}

}  // namespace atrous::gpu
