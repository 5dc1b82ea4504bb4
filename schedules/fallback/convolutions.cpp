#include "schedules/fallback/convolutions.h"

#include <algorithm>

#include "schedules/fallback/image_rows.h"

namespace atrous::fallback {

using namespace Halide;

namespace {

template <class Conv>
void apply_rows(Conv& conv, Packing packing, const Target& target) {
    Var at = schedule_rows(conv.output, conv.v, packing, target);
    schedule_accumulator(conv.sum, conv.output, at, conv.v, packing);
}

// One vector or more per pixel: a broadcast input times neighbouring weights, nothing is gathered or shuffled.
void apply_widening(DepthwiseConv& conv, int widening, const Target& target) {
    const ImageVars& v = conv.v;
    Var xo("xo"), xi("xi"), task("task");
    conv.output.bound(v.c, 0, widening);
    auto nest = [&](Stage stage, int pixels) {
        stage.split(v.x, xo, xi, pixels, TailStrategy::ShiftInwards).reorder(v.c, xi, xo, v.y, v.cb, v.n);
        stage.vectorize(v.c).unroll(xi).parallel(v.y).fuse(v.cb, v.n, task).parallel(task);
    };
    const int registers = has_avx512(target) || target.arch == Target::ARM ? 32 : 16;
    const int vectors = (widening + vector_floats(target) - 1) / vector_floats(target);
    for (const int pixels : {16, 8, 4})
        if (pixels * vectors <= registers / 2)
            nest(conv.output.specialize(conv.output.output_buffer().dim(1).extent() >= pixels), pixels);
    nest(conv.output, 1);
    conv.sum.compute_at(conv.output, xo).bound_extent(v.c, widening);
    conv.sum.vectorize(v.c).unroll(v.x);
    conv.sum.update().reorder(v.c, v.x, conv.taps.x, conv.taps.y, v.y, v.cb, v.n).vectorize(v.c).unroll(v.x);
    conv.sum.update().unroll(conv.taps.x);
}

}  // namespace

std::optional<Layout> layout(const ConvSpec&, const SizeHint&, const Target&) {
    return Layout{};
}
std::optional<Layout> layout(const DepthwiseConvSpec&, const SizeHint&, const Target&) {
    return Layout{};
}
std::optional<Layout> layout(const TransposedConvSpec&, const SizeHint&, const Target&) {
    return Layout{};
}

void apply(DilatedConv& conv, const ConvSpec& spec, const Layout&, const Extents&, const Target& target) {
    apply_rows(conv, spec.packing, target);
}

void apply(DepthwiseConv& conv, const DepthwiseConvSpec& spec, const Layout&, const Extents&, const Target& target) {
    if (spec.widening > 0) return apply_widening(conv, spec.widening, target);
    apply_rows(conv, spec.packing, target);
}

// Four pixels at a time: a vector of weights is read for four products, and the four sums across lanes overlap.
void apply(NarrowConv& conv, const NarrowConvSpec&, const Target& target) {
    const ImageVars& v = conv.v;
    const int lanes = std::min(channel_block, vector_floats(target));
    constexpr int pixels = 4;
    Var xo("xo"), xi("xi"), part("part"), task("task");
    auto nest = [&](Stage stage, int width) {
        stage.split(v.x, xo, xi, width, TailStrategy::ShiftInwards).reorder(xi, xo, v.y, v.cb, v.n);
        stage.vectorize(xi).parallel(v.y).fuse(v.cb, v.n, task).parallel(task);
    };
    nest(conv.output.specialize(conv.output.output_buffer().dim(0).extent() >= pixels), pixels);
    nest(conv.output, 1);
    conv.sum.compute_at(conv.output, xo).vectorize(v.x);
    conv.sum.update().atomic().vectorize(conv.lane, channel_block).unroll(v.x);
    conv.lanes.compute_at(conv.output, xo).bound_extent(v.c, channel_block).vectorize(v.c, lanes).unroll(v.x);
    conv.lanes.update()
        .split(v.c, part, v.c, lanes)
        .reorder(v.c, v.x, part, conv.taps.x, conv.taps.y, conv.taps.z, v.y, v.cb, v.n)
        .vectorize(v.c)
        .unroll(v.x)
        .unroll(part);
}

// A register tile has two vectors of pixels, or one, all phases of a row and a few output channels. Tiles go along a
// row before they go on to other channels, so that few pieces of memory are written at a time, each from its first to
// its last byte.
void apply(PhasedConv& conv, const PhasedConvSpec& spec, const Target& target) {
    const int lanes = vector_floats(target), filters = phased_filters(spec.stride_x);
    const int channels = has_avx512(target) ? filters : std::max(1, filters / 2);
    const int vectors = has_avx512(target) || channels * spec.stride_x <= 6 ? 2 : 1;  // of 16 registers, 12 are sums
    const Var &u = conv.u, &x = conv.x, &v = conv.v, &y = conv.y, &co = conv.co, &n = conv.n;
    Var xo("xo"), xi("xi"), lane("lane"), vector("vector"), block("block"), part("part"), channel("channel"),
        task("task");
    auto nest = [&](Stage stage, int pixels, int side_by_side, int at_a_time) {
        stage.split(x, xo, xi, pixels, TailStrategy::ShiftInwards)
            .split(xi, vector, lane, std::min(pixels, lanes))
            .split(co, block, part, side_by_side, TailStrategy::ShiftInwards)
            .split(part, part, channel, at_a_time)
            .reorder(u, lane, vector, channel, part, xo, v, block, y, n)
            .vectorize(lane)
            .unroll(u)
            .unroll(vector)
            .unroll(channel)
            .fuse(y, n, task)
            .parallel(task);
    };
    conv.output.bound(u, 0, spec.stride_x).bound(v, 0, spec.stride_y);
    OutputImageParam out = conv.output.output_buffer();
    const Expr width = out.dim(1).extent(), count = out.dim(4).extent();
    nest(conv.output.specialize(width >= vectors * lanes && count % filters == 0), vectors * lanes, filters, channels);
    nest(conv.output.specialize(width >= vectors * lanes && count >= channels), vectors * lanes, channels, channels);
    nest(conv.output.specialize(width >= lanes), lanes, 1, 1);
    nest(conv.output, 1, 1, 1);

    conv.sum.compute_at(conv.output, part).bound_extent(u, spec.stride_x);
    conv.sum.vectorize(x, lanes, TailStrategy::RoundUp).unroll(x).unroll(u).unroll(co);
    RVar tx = conv.terms.x, ci = conv.terms.y, ty = conv.terms.z;
    conv.sum.update()
        .split(x, vector, lane, lanes, TailStrategy::RoundUp)
        .reorder(lane, vector, u, co, tx, ci, ty)
        .vectorize(lane)
        .unroll(vector)
        .unroll(u)
        .unroll(co)
        .unroll(tx);
}

void apply(TransposedConv& conv, const TransposedConvSpec&, const Layout&, const Extents&, const Target& target) {
    apply_rows(conv, Packing::planar, target);
}

}  // namespace atrous::fallback
