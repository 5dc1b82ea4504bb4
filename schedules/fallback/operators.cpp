#include "schedules/fallback/operators.h"

#include "schedules/fallback/image_rows.h"

namespace atrous::fallback {

using namespace Halide;

namespace {

// A sum over `domain` in `lanes` partial sums: vector arithmetic, and less rounding than one long chain. The partial
// sums live at `at` of `consumer`.
void sum_in_lanes(Func sum, const RVar& domain, int lanes, Func consumer, const Var& at) {
    RVar outer("outer"), inner("inner");
    Var lane("lane");
    Func partial = sum.update().split(domain, outer, inner, lanes, TailStrategy::GuardWithIf).rfactor(inner, lane);
    partial.compute_at(consumer, at).bound_extent(lane, lanes).vectorize(lane);
    partial.update().vectorize(lane);
    sum.compute_at(consumer, at);
}

// Everything around an axis shared out among threads, a vector of `inner` a time.
void share_out(Stage stage, const AxisVars& v) {
    if (v.image) {
        stage.parallel(v.row).parallel(v.outer);
    } else {
        stage.fuse(chunk(), v.outer, Var("task")).parallel(Var("task"));
    }
}

// The loop of share_out() at which a reduction along the axis is computed.
Var innermost_around(const AxisVars& v) {
    return v.image ? chunk() : Var("task");
}

}  // namespace

void apply(Pool& p, const PoolSpec& spec, const Target& target) {
    Var at = schedule_rows(p.output, p.v, spec.packing, target);
    schedule_accumulator(p.value, p.output, at, p.v, spec.packing);
    if (spec.packing != Packing::c16) return;
    // Waits for memory: so that all four taps are asked for at a time.
    for (const Expr& known : {p.two_by_two && p.all_inside, p.two_by_two}) {
        p.output.specialize(known);
        p.value.update().specialize(known).unroll(p.window.x, 2).unroll(p.window.y, 2);
    }
}

void apply(GlobalPool& p, const GlobalPoolSpec& spec, const Target& target) {
    const ImageVars& v = p.v;
    Var task("task");
    if (spec.packing == Packing::c16) {
        p.output.bound(v.c, 0, channel_block).fuse(v.cb, v.n, task).parallel(task).vectorize(v.c);
        p.value.compute_at(p.output, v.x).vectorize(v.c);
        p.value.update().reorder(v.c, p.over_rows).vectorize(v.c);
        p.rows.compute_at(p.value, p.over_rows).vectorize(v.c);
        p.rows.update().reorder(v.c, p.in_row).vectorize(v.c);
        return;
    }
    p.output.fuse(v.cb, v.n, task).parallel(task);
    p.value.compute_at(p.output, v.x);
    RVar outer("outer"), inner("inner");
    Var lane("lane");
    int lanes = vector_floats(target);
    Func partial = p.rows.update().split(p.in_row, outer, inner, lanes, TailStrategy::GuardWithIf).rfactor(inner, lane);
    p.rows.compute_at(p.value, p.over_rows);
    partial.compute_at(p.value, p.over_rows).bound_extent(lane, lanes).vectorize(lane);
    partial.update().vectorize(lane);
}

void apply(Resize& r, const ResizeSpec& spec, const Target& target) {
    schedule_rows(r.output, r.v, spec.packing, target);
}

void apply(Elementwise& e, const ElementwiseSpec& spec, const Target& target) {
    Var a("a"), b("b"), task("task");
    if (spec.packing == Packing::c16) {
        e.output.bound(e.d0, 0, channel_block).vectorize(e.d0);
        e.output.fuse(e.d2, e.d3, a).fuse(a, e.d4, task).parallel(task);
        return;
    }
    // Planar operands of equal shape come as one long row: cut it, so that there is something to share out.
    in_vectors(e.output, e.d0, vector_floats(target), [&](Stage stage) {
        Var piece("piece");
        stage.split(chunk(), piece, chunk(), 256, TailStrategy::GuardWithIf);
        stage.reorder(Var("lane"), chunk(), e.d1, piece, e.d2, e.d3, e.d4);
        stage.fuse(e.d2, e.d3, a).fuse(a, e.d4, b).fuse(piece, b, task).parallel(task);
    });
}

void apply(Copy& c, const CopySpec& spec, const Target& target) {
    auto nest = [&](Stage stage) {
        Var a("a"), b("b"), task("task");
        stage.fuse(c.d[2], c.d[3], a).fuse(a, c.d[4], b).fuse(b, c.d[5], task).parallel(task);
    };
    if (spec.strided || spec.scattered) return nest(c.output);
    in_vectors(c.output, c.d[0], std::max(1, 4 * vector_floats(target) / spec.element_bytes), nest);
}

namespace {

// Between the packings, as many pixels of a quad as it has channels: a transposition in registers of every width.
// Returns the stage, whose loops over rows, blocks and images are still to be shared out.
Stage transpose_quads(Stage stage, const Pack& p, int pixels, int quads_at_a_time) {
    const ImageVars& v = p.v;
    Var quads("quads"), outer("outer"), lane("lane"), pixel("pixel");
    return stage.split(v.c, quads, lane, quad)
        .split(quads, outer, quads, quads_at_a_time)
        .split(v.x, chunk(), pixel, pixels, TailStrategy::ShiftInwards)
        .reorder(lane, pixel, quads, chunk(), outer, v.y, v.cb, v.n)
        .vectorize(lane)
        .unroll(pixel)
        .unroll(quads);
}

constexpr int all_quads = channel_block / quad;

void compute_channels(Pack& p) {
    p.channels.compute_at(p.output, Var("quads")).vectorize(p.v.x).unroll(p.channels.args()[2]);
}

}  // namespace

// In loops over rows, two quads after the other two, whose eight planes the first level of cache holds even where all
// begin in the same set of it.
void apply(Pack& p, const PackSpec&, const Target&) {
    const ImageVars& v = p.v;
    p.output.bound(v.c, 0, channel_block);
    auto nest = [&](Stage stage, int pixels, int quads_at_a_time) {
        Var task("task");
        transpose_quads(stage, p, pixels, quads_at_a_time).parallel(v.y).fuse(v.cb, v.n, task).parallel(task);
    };
    constexpr int few_rows = 8;
    const Expr width = p.output.output_buffer().dim(1).extent(), rows = p.output.output_buffer().dim(2).extent();
    nest(p.output.specialize(width >= quad && rows <= few_rows), quad, all_quads / 2);
    nest(p.output.specialize(width >= quad), quad, all_quads);
    nest(p.output, 1, all_quads);
    compute_channels(p);
}

// A row of a block at a time, which the first level of cache holds while its four quads are taken from it. Vectors are
// no wider than a transposition: planes need not begin at a cache line, and a vector that lies in two is written twice.
void apply(Unpack& p, const UnpackSpec&, const Target&) {
    const ImageVars& v = p.v;
    in_vectors(p.output, v.x, quad, [&](Stage stage) {
        Var block("block"), in_block("in_block"), quads("quads"), channel("channel"), task("task");
        stage.split(v.cb, block, in_block, channel_block, TailStrategy::GuardWithIf)
            .split(in_block, quads, channel, quad)
            .reorder(Var("lane"), channel, chunk(), quads, v.y, block, v.n)
            .unroll(channel)
            .parallel(v.y)
            .fuse(block, v.n, task)
            .parallel(task);
    });
    p.quads.compute_at(p.output, chunk()).bound_extent(v.c, quad).bound_extent(v.y, 1).bound_extent(v.cb, 1);
    p.quads.vectorize(v.c).unroll(v.x);
}

// One thread's work.
void apply(Area& a, const AreaSpec& spec, const Target& target) {
    if (spec.packing == Packing::planar) return in_vectors(a.output, a.v.x, vector_floats(target), [](const Stage&) {});
    Pack& p = a.packed;
    p.output.bound(p.v.c, 0, channel_block);
    transpose_quads(p.output.specialize(p.output.output_buffer().dim(1).extent() >= quad), p, quad, all_quads);
    transpose_quads(p.output, p, 1, all_quads);
    compute_channels(p);
}

void apply(UnpackArea& p, const UnpackAreaSpec&, const Target&) {
    RVar x = p.pixels.x, y = p.pixels.y, c = p.pixels.z, chunks("chunks"), lane("lane"), block("block"), quads("quads"),
         channel("channel");
    p.output.update()
        .split(x, chunks, lane, quad, TailStrategy::GuardWithIf)
        .split(c, block, channel, channel_block, TailStrategy::GuardWithIf)
        .split(channel, quads, channel, quad)
        .reorder(lane, channel, chunks, quads, y, block)
        .vectorize(lane)
        .unroll(channel);
    p.quads.compute_at(p.output, chunks).bound_extent(p.v.c, quad).bound_extent(p.v.y, 1).bound_extent(p.v.cb, 1);
    p.quads.vectorize(p.v.c).unroll(p.v.x);
}

void apply(Fill& f, const FillSpec&, const Target&) {
    f.output.bound(f.v.c, 0, channel_block).vectorize(f.v.c);
}

void apply(Pad& p, const PadSpec&, const Target& target) {
    in_vectors(p.output, p.d[0], vector_floats(target), [&](Stage stage) {
        Var a("a"), task("task");
        stage.fuse(p.d[1], p.d[2], a).fuse(a, p.d[3], task).parallel(task);
    });
}

void apply(DepthToSpace& d, const DepthToSpaceSpec&, const Target& target) {
    schedule_rows(d.output, d.v, Packing::planar, target);
}

void apply(Softmax& s, const SoftmaxSpec&, const Target& target) {
    in_vectors(s.output, s.v.inner, vector_floats(target), [&](Stage stage) {
        if (s.v.image) stage.reorder(Var("lane"), s.v.axis, chunk(), s.v.row, s.v.outer);
        if (!s.v.image) stage.reorder(Var("lane"), s.v.axis, chunk(), s.v.outer);
        share_out(stage, s.v);
    });
    for (Func f : {s.maximum, s.exponential_sum}) {
        f.compute_at(s.output, innermost_around(s.v)).vectorize(s.v.inner);
        f.update().reorder(s.v.inner, s.axis).vectorize(s.v.inner);
    }
}

void apply(Argmax& a, const ArgmaxSpec& spec, const Target& target) {
    // The best so far of several vectors stays in registers while the axis goes by: their comparisons do not wait for
    // one another.
    const int lanes = vector_floats(target), vectors = 4;
    Var piece("piece"), task("task"), outer("outer_task");
    auto nest = [&](Stage stage) {
        if (spec.scattered) {
            // d1 is shared out in pieces, each of which is done for all of d2 before the next: see lower_axis.cpp.
            stage.split(a.d1, piece, a.d1, 8, TailStrategy::GuardWithIf)
                .reorder(chunk(), a.d1, a.d2, piece, a.d3, a.d4);
            stage.fuse(piece, a.d3, outer).fuse(outer, a.d4, task).parallel(task);
        } else if (a.v.image) {
            stage.parallel(a.v.row).parallel(a.v.outer);
        } else {
            stage.split(chunk(), piece, chunk(), 16, TailStrategy::GuardWithIf);
            stage.fuse(piece, a.v.outer, task).parallel(task);
        }
    };
    Var lane("lane");
    Expr extent = a.output.output_buffer().dim(0).extent();
    for (int width : {vectors * lanes, lanes}) {
        Stage wide = a.output.specialize(extent >= width);
        wide.split(a.v.inner, chunk(), lane, width, TailStrategy::ShiftInwards).vectorize(lane);
        nest(wide);
    }
    Stage narrow = a.output;
    narrow.split(a.v.inner, chunk(), lane, 1);
    nest(narrow);
    a.best.compute_at(a.output, chunk()).vectorize(a.v.inner);
    a.best.update().reorder(a.v.inner, a.axis).vectorize(a.v.inner);
}

void apply(Concat& c, const Target& target) {
    Var task("task");
    for (size_t i = 0; i < c.slices.size(); i++) {
        Stage stage = c.output.update(static_cast<int>(i));
        if (c.axis == 0) {
            stage.reorder(c.slices[i].x, c.v.y, c.v.cb, c.v.n).fuse(c.v.y, c.v.cb, task).parallel(task);
            continue;
        }
        stage.reorder(c.v.x, c.axis == 1 ? VarOrRVar(c.slices[i].x) : VarOrRVar(c.v.y),
                      c.axis == 2 ? VarOrRVar(c.slices[i].x) : VarOrRVar(c.v.cb),
                      c.axis == 3 ? VarOrRVar(c.slices[i].x) : VarOrRVar(c.v.n));
        stage.vectorize(c.v.x, vector_floats(target), TailStrategy::GuardWithIf);
        stage.parallel(c.axis == 1 ? c.v.cb : c.v.y);
    }
}

void apply(InstanceNorm& norm, const InstanceNormSpec&, const Target& target) {
    Var task("task");
    in_vectors(norm.output, norm.inner, vector_floats(target),
               [&](Stage stage) { stage.fuse(norm.c, norm.n, task).parallel(task); });
    int lanes = std::max(1, vector_floats(target) / 2);  // doubles
    sum_in_lanes(norm.sum, norm.inner_domain, lanes, norm.output, task);
    sum_in_lanes(norm.square_sum, norm.inner_domain, lanes, norm.output, task);
}

void apply(Cast& c, const CastSpec&, const Target& target) {
    in_vectors(c.output, c.i, vector_floats(target), [&](Stage stage) {
        Var piece("piece");
        stage.split(chunk(), piece, chunk(), 256, TailStrategy::GuardWithIf).parallel(piece);
    });
}

}  // namespace atrous::fallback
