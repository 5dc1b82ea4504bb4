// Direct convolution in c16: the loops around a register tile of pixels × channel blocks.
#pragma once

#include "generators/dilated_conv.h"
#include "schedules/register_tile.h"

namespace atrous::blocked {

// What Layout::blocks_outer and, where it pays to sum up in parts, Layout::depth should be.
bool blocks_outside_rows(const ConvSpec& spec, const SizeHint& hint);
int depth_of(const ConvSpec& spec, const SizeHint& hint, const Layout& tile);

// Its decisions besides the tile.
Space space_of(const ConvSpec& spec, const SizeHint& hint, Space tile);

void apply(DilatedConv& conv, const Layout& layout, const Extents& extents, const Halide::Target& target,
           Accumulate accumulate);

}  // namespace atrous::blocked
