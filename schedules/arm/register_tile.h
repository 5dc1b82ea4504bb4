// How many pixels (or tiles) × channel blocks the 32 registers of NEON hold as accumulators.
#pragma once

#include "schedules/register_tile.h"

namespace atrous::arm {

// For rows of hint.width.
Layout register_tile(const SizeHint& hint);

// Of a matrix product in Winograd's domain: how many tiles a panel should have for hint.width tiles in all, and the
// register tile for panels of hint.width, which divides that.
int panel_tiles(const SizeHint& hint);
Layout panel_register_tile(const SizeHint& hint);

// Tiles that stay in registers.
Space register_space(const SizeHint& hint);

void accumulate(TileSum tile, const Layout& layout, const Halide::Target& target);

}  // namespace atrous::arm
