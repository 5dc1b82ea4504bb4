#include "schedules/x86/register_tile.h"

#include <initializer_list>

namespace atrous::x86 {

using Halide::Target;

namespace {

// What tiles of `tile` pixels make of the multipliers on rows of `width`: the share of useful work, with the last one
// shifted inwards, times what loading the weights leaves, which wide tiles do more seldom.
double efficiency(int width, int tile) {
    int tiles = (width + tile - 1) / tile;
    return static_cast<double>(width) / (tiles * tile) * tile / (tile + 1);
}

// The most efficient tile, the widest of those that are nearly so.
int choose_tile(int width, std::initializer_list<int> candidates) {
    int best = *candidates.begin();
    if (width <= 0) return best;
    for (int tile : candidates) {
        if (tile <= width && (best > width || efficiency(width, tile) > efficiency(width, best) * 1.02)) best = tile;
    }
    return best;
}

}  // namespace

Layout register_tile(const SizeHint& hint, const Target& target, bool scattered) {
    Layout layout;
    int blocks = (hint.channels_out + channel_block - 1) / channel_block;
    // One product a cycle leaves time enough for reading.
    if (scattered && products_per_cycle(target) > 1 && blocks > 0 && blocks % 4 == 0) {
        layout.tile_blocks = 4;
        layout.tile_x = choose_tile(hint.width, {6, 5});
    } else if (has_avx512(target)) {
        // 32 registers: tile_x · tile_blocks accumulators, tile_blocks weights, broadcasts. (14 × 2 leaves too few for
        // the broadcasts of an unrolled loop: one accumulator was spilled.)
        layout.tile_blocks = blocks == 0 || blocks % 2 == 0 ? 2 : 1;
        layout.tile_x = layout.tile_blocks == 2 ? choose_tile(hint.width, {12, 11, 10, 9, 8, 7, 6, 5})
                                                : choose_tile(hint.width, {20, 16, 14, 12, 10, 8, 7, 5});
    } else {
        // 16 registers of 8 floats (a block takes 2) or of 4 (a block takes 4, and a product needs one of its own).
        layout.tile_blocks = 1;
        layout.tile_x = target.has_feature(Target::AVX) ? choose_tile(hint.width, {6, 5, 4}) : 2;
    }
    return layout;
}

}  // namespace atrous::x86
