// How many pixels (or tiles) × channel blocks the registers hold as accumulators.
#pragma once

#include <vector>

#include "schedules/layout.h"

namespace atrous::x86 {

// tile_x and tile_blocks of a direct convolution for rows of hint.width and hint.channels_out channels.
Layout register_tile(const SizeHint& hint, const Halide::Target& target);

// Of a matrix product in Winograd's domain: how many tiles a panel should have for hint.width tiles in all, and the
// register tile for panels of hint.width, which divides that.
int panel_tiles(const SizeHint& hint, const Halide::Target& target);
Layout panel_register_tile(const SizeHint& hint, const Halide::Target& target);

// The loops of an accumulation over `terms`, innermost first, within a register tile of x × cb.
void keep_in_registers(Halide::Stage update, const Halide::Var& c, const Halide::Var& x, const Halide::Var& cb,
                       const std::vector<Halide::VarOrRVar>& terms, const Layout& layout, const Halide::Target& target);

}  // namespace atrous::x86
