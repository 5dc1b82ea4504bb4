// How many pixels (or tiles) × channel blocks the registers hold as accumulators.
#pragma once

#include "schedules/layout.h"

namespace atrous::x86 {

// tile_x and tile_blocks for rows of hint.width and hint.channels_out channels.
Layout register_tile(const SizeHint& hint, const Halide::Target& target);

}  // namespace atrous::x86
