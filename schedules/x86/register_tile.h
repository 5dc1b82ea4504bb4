// How many pixels (or tiles) × channel blocks the registers of x86 hold as accumulators.
#pragma once

#include "schedules/register_tile.h"

namespace atrous::x86 {

// tile_x and tile_blocks of a direct convolution for rows of hint.width and hint.channels_out channels.
Layout register_tile(const SizeHint& hint, const Halide::Target& target);

// Of a matrix product in Winograd's domain: how many tiles a panel should have for hint.width tiles in all, and the
// register tile for panels of hint.width, which divides that.
int panel_tiles(const SizeHint& hint, const Halide::Target& target, bool only_level);
Layout panel_register_tile(const SizeHint& hint, const Halide::Target& target);

// Tiles that stay in registers.
Space register_space(const SizeHint& hint, const Halide::Target& target);

void accumulate(TileSum tile, const Layout& layout, const Halide::Target& target);

}  // namespace atrous::x86
