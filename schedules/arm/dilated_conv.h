// Direct convolution in c16 on 64-bit ARM: a register tile of pixels × channel blocks.
#pragma once

#include <optional>

#include "generators/dilated_conv.h"
#include "schedules/layout.h"

namespace atrous::arm {

std::optional<Layout> layout(const ConvSpec& spec, const SizeHint& hint, const Halide::Target& target);
void apply(DilatedConv& conv, const ConvSpec& spec, const Layout& layout, const Extents& extents,
           const Halide::Target& target);
Space space(const ConvSpec& spec, const SizeHint& hint, const Halide::Target& target);

}  // namespace atrous::arm
