#include "schedules/register_tile.h"

#include <algorithm>

namespace atrous {

namespace {

// What tiles of `tile` pixels make of the multipliers on rows of `width`: the share of useful work, with the last one
// shifted inwards or partly unused, times what loading the weights leaves, which wide tiles do more seldom.
double efficiency(int width, int tile) {
    int tiles = (width + tile - 1) / tile;
    return static_cast<double>(width) / (tiles * tile) * tile / (tile + 1);
}

}  // namespace

int blocks_of(const SizeHint& hint) {
    return (hint.channels_out + channel_block - 1) / channel_block;
}

int choose_tile(int width, std::initializer_list<int> candidates) {
    int best = *candidates.begin();
    if (width <= 0) return best;
    for (int tile : candidates) {
        if (efficiency(width, tile) > efficiency(width, best) * 1.02) best = tile;
    }
    return best;
}

int choose_tile_of_row(int width, std::initializer_list<int> candidates) {
    int best = choose_tile(width, candidates);
    for (int tile : candidates) {
        if (best > width && tile < best) best = tile;
    }
    return best;
}

// Some 4 KB: enough to be read as a stream, by the product, and to be written as one, by the transform, which does a
// block of channels after the other.
int panel_of(const SizeHint& hint, int tile) {
    constexpr int panel_bytes = 4096, line = 64;
    const int depth = (hint.channels_in + channel_block - 1) / channel_block;
    const int tiles = (hint.width + tile - 1) / tile;
    int best = 1;
    for (int i = 1; i <= tiles && i * tile * depth * line <= panel_bytes; ++i)
        if (tiles % i == 0) best = i;
    return best * tile;
}

Space space_of_panel(const SizeHint& hint, Space space) {
    std::erase_if(space.tile_x, [&](int tile) { return std::max(hint.width, 1) % tile != 0; });
    return space;
}

int tile_of_panel(const SizeHint& hint, int widest) {
    const int panel = std::max(hint.width, 1);
    int best = 1;
    for (int tile = 1; tile <= widest; ++tile)
        if (panel % tile == 0) best = tile;
    return best;
}

}  // namespace atrous
