// Schedules of convolutions for GPUs.
#pragma once

#include <optional>

#include "generators/depthwise_conv.h"
#include "generators/dilated_conv.h"
#include "generators/narrow_conv.h"
#include "generators/phased_conv.h"
#include "generators/transposed_conv.h"
#include "schedules/layout.h"

namespace atrous::gpu {

// Dense, planar: a block of threads has tile_x pixels a row and tile_blocks output channels, `depth` input channels at
// a time.
std::optional<Layout> layout(const ConvSpec&, const SizeHint&, const Halide::Target&);
void apply(DilatedConv&, const ConvSpec&, const Layout&, const Extents&, const Halide::Target&);
Space space(const ConvSpec&, const SizeHint&, const Halide::Target&);

std::optional<Layout> layout(const DepthwiseConvSpec&, const SizeHint&, const Halide::Target&);
void apply(DepthwiseConv&, const DepthwiseConvSpec&, const Layout&, const Extents&, const Halide::Target&);

std::optional<Layout> layout(const TransposedConvSpec&, const SizeHint&, const Halide::Target&);
void apply(TransposedConv&, const TransposedConvSpec&, const Layout&, const Extents&, const Halide::Target&);

void apply(NarrowConv&, const NarrowConvSpec&);
void apply(PhasedConv&, const PhasedConvSpec&);

}  // namespace atrous::gpu
