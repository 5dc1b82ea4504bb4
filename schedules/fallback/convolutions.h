// Schedules for convolutions that work on any CPU and packing: rows in parallel, one register accumulator per output
// vector.
#pragma once

#include <optional>

#include "generators/depthwise_conv.h"
#include "generators/dilated_conv.h"
#include "generators/narrow_conv.h"
#include "generators/phased_conv.h"
#include "generators/transposed_conv.h"
#include "schedules/layout.h"

namespace atrous::fallback {

std::optional<Layout> layout(const ConvSpec&, const SizeHint&, const Halide::Target&);
void apply(DilatedConv&, const ConvSpec&, const Layout&, const Extents&, const Halide::Target&);

std::optional<Layout> layout(const DepthwiseConvSpec&, const SizeHint&, const Halide::Target&);
void apply(DepthwiseConv&, const DepthwiseConvSpec&, const Layout&, const Extents&, const Halide::Target&);

std::optional<Layout> layout(const TransposedConvSpec&, const SizeHint&, const Halide::Target&);
void apply(NarrowConv&, const NarrowConvSpec&, const Halide::Target&);
void apply(PhasedConv&, const PhasedConvSpec&, const Halide::Target&);
void apply(TransposedConv&, const TransposedConvSpec&, const Layout&, const Extents&, const Halide::Target&);

}  // namespace atrous::fallback
