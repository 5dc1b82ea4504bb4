#include "schedules/gpu/operators.h"

#include "schedules/gpu/grid.h"

namespace atrous::gpu {

using namespace Halide;

namespace {

// Where nothing but memory is waited for: several accesses of a thread under way.
constexpr int copied = 4;

// An image in either packing. Returns the loop over a thread's elements.
Var image_on_grid(Func output, const ImageVars& v, Packing packing, int elements = 1) {
    if (packing == Packing::planar) return on_grid(output, v.x, v.y, {v.cb, v.n}, {elements});
    // Half a warp has a pixel's block of channels.
    Var block("block"), thread_x("thread_x"), pixel("pixel");
    output.bound(v.c, 0, channel_block)
        .split(v.x, block, pixel, warp, TailStrategy::GuardWithIf)
        .split(pixel, pixel, thread_x, warp / 2)
        .reorder(pixel, v.c, thread_x, block, v.y, v.cb, v.n)
        .fuse(block, v.y, block)
        .fuse(block, v.cb, block)
        .fuse(block, v.n, block)
        .gpu_blocks(block)
        .gpu_threads(v.c, thread_x);
    return pixel;
}

}  // namespace

void apply(Pool& p, const PoolSpec& spec) {
    p.value.compute_at(p.output, image_on_grid(p.output, p.v, spec.packing));
}

// A block has a channel (or one of c16's blocks of them), a thread a row: so many rows at a time are added up side by
// side, then their sums.
void apply(GlobalPool& p, const GlobalPoolSpec& spec) {
    const ImageVars& v = p.v;
    constexpr int rows = 64;
    const bool c16 = spec.packing == Packing::c16;
    const Var y = p.rows.args()[c16 ? 1 : 0], lane = c16 ? v.c : v.cb;
    Var block("block");
    RVar chunk("chunk"), row("row");
    if (c16) p.output.bound(v.c, 0, channel_block);
    p.output.fuse(v.y, v.cb, block).fuse(block, v.n, block).gpu_blocks(block).gpu_threads(c16 ? v.c : v.x);

    p.value.compute_at(p.output, block).store_in(MemoryType::GPUShared).bound_extent(v.cb, 1).bound_extent(v.n, 1);
    p.value.gpu_threads(lane)
        .update()
        .split(p.over_rows, chunk, row, rows, TailStrategy::GuardWithIf)
        .reorder(row, lane, chunk)
        .gpu_threads(lane);

    Func rows_in_block = p.rows.in(p.value);
    rows_in_block.compute_at(p.value, chunk).store_in(MemoryType::GPUShared);
    rows_in_block.bound_extent(v.cb, 1).bound_extent(v.n, 1);
    if (c16) rows_in_block.gpu_threads(v.c, y);
    if (!c16) rows_in_block.gpu_threads(y);
    p.rows.compute_at(rows_in_block, c16 ? v.c : y);
}

void apply(Resize& r, const ResizeSpec& spec) {
    image_on_grid(r.output, r.v, spec.packing);
}

void apply(Elementwise& e, const ElementwiseSpec& spec) {
    if (spec.packing == Packing::c16) e.output.bound(e.d0, 0, channel_block);
    on_grid(e.output, e.d0, e.d1, {e.d2, e.d3, e.d4}, {spec.packing == Packing::c16 ? 1 : copied});
}

void apply(Copy& c, const CopySpec&) {
    on_grid(c.output, c.d[0], c.d[1], {c.d[2], c.d[3], c.d[4], c.d[5]}, {copied});
}

void apply(Pack& p, const PackSpec&) {
    image_on_grid(p.output, p.v, Packing::c16);
}

void apply(Unpack& u, const UnpackSpec&) {
    image_on_grid(u.output, u.v, Packing::planar, copied);
}

void apply(Area& a, const AreaSpec& spec) {
    image_on_grid(a.output, spec.packing == Packing::c16 ? a.packed.v : a.v, spec.packing);
}

void apply(UnpackArea& u, const UnpackAreaSpec&) {
    RVar x = u.pixels.x, y = u.pixels.y, c = u.pixels.z, block_x("block_x"), block_y("block_y");
    u.output.update()
        .allow_race_conditions()  // rows are at least one apart, which Halide does not know
        .split(x, block_x, x, warp, TailStrategy::GuardWithIf)
        .split(y, block_y, y, rows_of_block, TailStrategy::GuardWithIf)
        .reorder(x, y, block_x, block_y, c)
        .gpu_blocks(block_x, block_y, c)
        .gpu_threads(x, y);
}

void apply(Fill& f, const FillSpec&) {
    image_on_grid(f.output, f.v, Packing::c16);
}

void apply(Pad& p, const PadSpec&) {
    on_grid(p.output, p.d[0], p.d[1], {p.d[2], p.d[3]}, {copied});
}

void apply(DepthToSpace& d, const DepthToSpaceSpec&) {
    image_on_grid(d.output, d.v, Packing::planar, copied);
}

// A thread goes along the axis three times.
void apply(Softmax& s, const SoftmaxSpec&) {
    const Var place = on_grid(s.output, s.v.inner, s.v.outer, {}, {1, {s.v.axis}});
    s.maximum.compute_at(s.output, place);
    s.exponential_sum.compute_at(s.output, place);
}

void apply(Argmax& a, const ArgmaxSpec& spec) {
    a.best.compute_at(a.output, spec.scattered ? on_grid(a.output, a.v.inner, a.d1, {a.d2, a.d3, a.d4})
                                               : on_grid(a.output, a.v.inner, a.v.outer, {}));
}

// A block a channel: its threads add up in double precision, then go over the elements again.
void apply(InstanceNorm& norm, const InstanceNormSpec&) {
    constexpr int threads = 256;
    Var block("block"), thread("thread"), lane("lane");
    norm.output.split(norm.inner, norm.inner, thread, threads, TailStrategy::GuardWithIf)
        .reorder(norm.inner, thread, norm.c, norm.n)
        .fuse(norm.c, norm.n, block)
        .gpu_blocks(block)
        .gpu_threads(thread);
    for (Func sum : {norm.sum, norm.square_sum}) {
        RVar outer("outer"), inner("inner");
        Func partial = sum.update()
                           .split(norm.inner_domain, outer, inner, threads, TailStrategy::GuardWithIf)
                           .rfactor(inner, lane);
        Func in_block = partial.in(sum);
        in_block.compute_at(norm.output, block).store_in(MemoryType::GPUShared).bound_extent(lane, threads);
        partial.compute_at(in_block.gpu_threads(lane), lane);
        sum.compute_at(norm.output, block).store_in(MemoryType::GPUShared).gpu_threads(norm.c);
        sum.update().gpu_threads(norm.c);
    }
}

void apply(Cast& c, const CastSpec&) {
    Var block("block"), thread("thread");
    c.output.gpu_tile(c.i, block, thread, warp * rows_of_block, TailStrategy::GuardWithIf);
}

}  // namespace atrous::gpu
