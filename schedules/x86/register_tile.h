// How many pixels (or tiles) × channel blocks the registers hold as accumulators.
#pragma once

#include "schedules/layout.h"

namespace atrous::x86 {

// tile_x and tile_blocks for rows of hint.width and hint.channels_out channels. `scattered`: pixels of a row are far
// apart for different input channels, so that a tile had better read few of them, for many output channels.
Layout register_tile(const SizeHint& hint, const Halide::Target& target, bool scattered = false);

}  // namespace atrous::x86
