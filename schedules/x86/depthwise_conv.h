// Depthwise convolution in c16 on x86: a strip of pixels in registers, one channel block at a time.
#pragma once

#include <optional>

#include "generators/depthwise_conv.h"
#include "schedules/layout.h"

namespace atrous::x86 {

std::optional<Layout> layout(const DepthwiseConvSpec& spec, const SizeHint& hint, const Halide::Target& target);
void apply(DepthwiseConv& conv, const DepthwiseConvSpec& spec, const Layout& layout, const Extents& extents,
           const Halide::Target& target);
Space space(const DepthwiseConvSpec& spec, const SizeHint& hint, const Halide::Target& target);

}  // namespace atrous::x86
