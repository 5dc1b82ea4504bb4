#include "schedules/packing.h"

#include "generators/copy.h"
#include "schedules/fallback/image_rows.h"
#include "schedules/rules.h"

namespace atrous {

using namespace Halide;

namespace {

// What a lane of a block in c16 is in the planar tensor: a channel (some valid one where the block is padded).
struct Lane {
    Expr channel, exists;
};

Lane lane(const Channels& channels, const Expr& block, const Expr& lane) {
    if (channels.groups == 1) {
        Expr channel = block * channel_block + lane;
        return {min(channel, channels.per_group - 1), channel < channels.per_group};
    }
    Expr group = min(block / channels.blocks_per_group(), channels.groups - 1);
    Expr in_group = block % channels.blocks_per_group() * channel_block + lane;
    return {group * channels.per_group + min(in_group, channels.per_group - 1), in_group < channels.per_group};
}

// A small operand: computed once, a block a vector.
Func packed_once(Func f, const Var& lane, const Var& block) {
    f.compute_root().bound(lane, 0, channel_block).vectorize(lane).parallel(block);
    return f;
}

}  // namespace

Func pack_image(const Func& planar, const Channels& channels) {
    Func grouped = planar;
    Expr total = channels.per_group;
    if (channels.groups > 1) {
        ImageVars v;
        Lane at = lane(channels, v.cb / channel_block, v.cb % channel_block);
        grouped = Func("grouped");
        grouped(v.x, v.y, v.cb, v.n) = select(at.exists, planar(v.x, v.y, at.channel, v.n), 0.f);
        total = channels.blocks() * channel_block;
    }
    Pack p = pack(grouped, total);
    Var rows("rows"), task("task");
    p.output.compute_root().bound(p.v.c, 0, channel_block).vectorize(p.v.c);
    p.output.fuse(p.v.y, p.v.cb, rows).fuse(rows, p.v.n, task).parallel(task);
    return p.output;
}

Func pack_weights(const Func& planar, const Channels& in, const Channels& out) {
    Var c("c"), ci("ci"), kx("kx"), ky("ky"), cib("cib"), cb("cb");
    Lane o = lane(out, cb, c), i = lane({in.per_group}, cib, ci);
    Func f("packed_weights");
    f(c, ci, kx, ky, cib, cb) = select(o.exists && i.exists, planar(kx, ky, i.channel, o.channel), 0.f);
    return packed_once(f, c, cb);
}

Func pack_depthwise_weights(const Func& planar, const Channels& channels) {
    Var c("c"), kx("kx"), ky("ky"), cb("cb");
    Lane o = lane(channels, cb, c);
    Func f("packed_weights");
    f(c, kx, ky, cb) = select(o.exists, planar(kx, ky, 0, o.channel), 0.f);
    return packed_once(f, c, cb);
}

Func pack_channels(const Func& planar, const Channels& channels) {
    Var c("c"), cb("cb");
    Lane o = lane(channels, cb, c);
    Func f("packed_channels");
    f(c, cb) = select(o.exists, planar(o.channel), 0.f);
    return packed_once(f, c, cb);
}

Func unpacked(const Func& c16, const Channels& channels, const ImageVars& v) {
    Func planar = unpack(c16).output;
    Func image("unpacked");
    Expr group = v.cb / channels.per_group, in_group = v.cb % channels.per_group;
    Expr lane = channels.groups == 1 ? Expr(v.cb) : group * channels.blocks_per_group() * channel_block + in_group;
    image(v.in(Packing::planar)) = planar(v.x, v.y, lane, v.n);
    return image;
}

Func unpack_output(const Func& c16, const Channels& channels, const Target& target) {
    ImageVars v;
    Func image = unpacked(c16, channels, v);
    fallback::schedule_rows(image, v, Packing::planar, target);
    return image;
}

ConvInputs pack_operands(const ConvInputs& planar, const ConvSpec& spec, const Channels& in, const Channels& out) {
    ConvInputs packed = planar;
    packed.input = pack_image(planar.input, in);
    packed.weights = pack_weights(planar.weights, in, out);
    packed.bias = pack_channels(planar.bias, out);
    if (spec.activation == ElementwiseFunction::prelu) packed.slope = pack_channels(planar.slope, out);
    if (spec.residual != Residual::none) packed.residual = pack_image(planar.residual, out);
    packed.ci_lanes = lanes(in);
    packed.ci_blocks = in.blocks_per_group();
    packed.co_blocks = out.blocks_per_group();
    return packed;
}

void compute(DilatedConv& conv, const ConvSpec& spec, const Extents& extents, const SizeHint& hint,
             const Target& target) {
    auto choice = choose(dilated_conv_rules, spec, hint, target);
    choice.rule->apply(conv, spec, choice.layout, extents, target);
    conv.output.compute_root();
}

}  // namespace atrous
