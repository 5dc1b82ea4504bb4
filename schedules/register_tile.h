// Register tiles: the pixels (or Winograd tiles) × channel blocks of a convolution that are summed up at a time, in
// registers. Which of them fit is for each CPU to say (x86/register_tile.h, arm/register_tile.h).
#pragma once

#include <initializer_list>
#include <vector>

#include "schedules/layout.h"

namespace atrous {

// Blocks of output channels.
int blocks_of(const SizeHint& hint);

// The most efficient tile for `width` pixels, the widest of those that are nearly so. Candidates from the widest on.
int choose_tile(int width, std::initializer_list<int> candidates);
// For a row, which a tile must not exceed.
int choose_tile_of_row(int width, std::initializer_list<int> candidates);

// How many tiles a panel of Winograd's domain should have for hint.width in all, if the product does `tile` at a time.
int panel_of(const SizeHint& hint, int tile);
// The widest tile up to `widest` that divides a panel of hint.width.
int tile_of_panel(const SizeHint& hint, int widest);

// Of these, the tiles that a panel can be cut into.
Space space_of_panel(const SizeHint& hint, Space space);

// The sum of products that a register tile holds.
struct TileSum {
    Halide::Func sum;     // update 0: += weights · pixels
    Halide::Func pixels;  // (input channel, pixel, …), inlined unless scheduled
    Halide::Var c, x, cb;
    std::vector<Halide::RVar> terms;  // innermost first; the first are the input channels of a block …
    Halide::Expr lanes;               // … and so many
};

// How a CPU orders the loops of a TileSum, so that all of it stays in registers.
using Accumulate = void (*)(TileSum, const Layout&, const Halide::Target&);

}  // namespace atrous
