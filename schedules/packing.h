// Packing inside one pipeline: planar operands into c16 and results back, as stages around the kernels. For the
// NAME_scheduled generators, whose callers know nothing of c16. (The compiler packs between kernels instead.)
#pragma once

#include "generators/dilated_conv.h"
#include "schedules/layout.h"

namespace atrous {

// The channels of a tensor. In c16 every group starts a block of its own, so that any number of channels per group will
// do.
struct Channels {
    Halide::Expr per_group;
    int groups = 1;

    Halide::Expr blocks_per_group() const { return (per_group + channel_block - 1) / channel_block; }
    Halide::Expr blocks() const { return blocks_per_group() * groups; }
};

// (x, y, c, n), readable outside the image → (c, x, y, cb, n), computed once, as far outside as its readers look.
Halide::Func pack_image(const Halide::Func& planar, const Channels& channels);

// (kx, ky, ci, co) → (c, ci, kx, ky, cib, cb); depthwise (kx, ky, 1, c) → (c, kx, ky, cb); (c) → (c, cb). Zero where a
// block is padded.
Halide::Func pack_weights(const Halide::Func& planar, const Channels& in, const Channels& out);
Halide::Func pack_depthwise_weights(const Halide::Func& planar, const Channels& channels);
Halide::Func pack_channels(const Halide::Func& planar, const Channels& channels);

// (c, x, y, cb, n) → (x, y, c, n): a stage without a schedule, and the same as the pipeline's output.
Halide::Func unpacked(const Halide::Func& c16, const Channels& channels, const ImageVars& v);
Halide::Func unpack_output(const Halide::Func& c16, const Channels& channels, const Halide::Target& target);

// Lanes in use of a block of input channels.
inline Halide::Expr lanes(const Channels& channels) {
    return min(channels.per_group, channel_block);
}

// All operands of a dense or grouped convolution.
ConvInputs pack_operands(const ConvInputs& planar, const ConvSpec& spec, const Channels& in, const Channels& out);

// Chooses a schedule from rules.h, applies it, and computes the convolution as a stage of its own.
void compute(DilatedConv& conv, const ConvSpec& spec, const Extents& extents, const SizeHint& hint,
             const Halide::Target& target);

}  // namespace atrous
