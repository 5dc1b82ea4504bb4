#include "schedules/x86/register_tile.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

namespace atrous::x86 {

using Halide::Target;

namespace {

// What tiles of `tile` pixels make of the multipliers on rows of `width`: the share of useful work, with the last one
// shifted inwards or partly unused, times what loading the weights leaves, which wide tiles do more seldom.
double efficiency(int width, int tile) {
    int tiles = (width + tile - 1) / tile;
    return static_cast<double>(width) / (tiles * tile) * tile / (tile + 1);
}

// The most efficient tile, the widest of those that are nearly so. Candidates from the widest on.
int choose_tile(int width, std::initializer_list<int> candidates) {
    int best = *candidates.begin();
    if (width <= 0) return best;
    for (int tile : candidates) {
        if (efficiency(width, tile) > efficiency(width, best) * 1.02) best = tile;
    }
    return best;
}

// Of a row, where a tile must fit.
int choose_tile_of_row(int width, std::initializer_list<int> candidates) {
    int best = choose_tile(width, candidates);
    for (int tile : candidates) {
        if (best > width && tile < best) best = tile;
    }
    return best;
}

// Three pixels × two blocks: with 16 registers, each of which a product reads from and adds to in one instruction, the
// tile that reads least for a product: 7 vectors for 12. Six pixels × one block read 8, 6 of them broadcasts.
bool is_three_by_two(int blocks, const Target& target) {
    return target.has_feature(Target::FMA) && !has_avx512(target) && blocks % 2 == 0;
}

int blocks_of(const SizeHint& hint) {
    return (hint.channels_out + channel_block - 1) / channel_block;
}

}  // namespace

Layout register_tile(const SizeHint& hint, const Target& target) {
    Layout layout;
    const int blocks = blocks_of(hint);
    // One product a cycle leaves time enough for reading.
    if (products_per_cycle(target) > 1 && blocks > 0 && blocks % 4 == 0) {
        layout.tile_blocks = 4;
        layout.tile_x = choose_tile_of_row(hint.width, {6, 5});
    } else if (has_avx512(target)) {
        // 32 registers: tile_x · tile_blocks accumulators, tile_blocks weights, broadcasts. (14 × 2 leaves too few for
        // the broadcasts of an unrolled loop: one accumulator was spilled.)
        layout.tile_blocks = blocks % 2 == 0 ? 2 : 1;
        layout.tile_x = layout.tile_blocks == 2 ? choose_tile_of_row(hint.width, {12, 11, 10, 9, 8, 7, 6, 5})
                                                : choose_tile_of_row(hint.width, {20, 16, 14, 12, 10, 8, 7, 5});
    } else if (is_three_by_two(blocks, target)) {
        layout.tile_blocks = 2;
        layout.tile_x = 3;
    } else {
        // 16 registers of 8 floats (a block takes 2) or of 4 (a block takes 4, and a product needs one of its own).
        layout.tile_blocks = 1;
        layout.tile_x = target.has_feature(Target::AVX) ? choose_tile_of_row(hint.width, {6, 5, 4}) : 2;
    }
    return layout;
}

namespace {

int tiles_at_a_time(const SizeHint& hint, const Target& target) {
    const int blocks = blocks_of(hint);
    if (has_avx512(target) && blocks % 2 == 0) return choose_tile(hint.width, {12, 10, 9, 8, 6, 5, 4, 3, 2, 1});
    if (has_avx512(target)) return choose_tile(hint.width, {20, 16, 12, 10, 8, 6, 5, 4, 3, 2, 1});
    if (is_three_by_two(blocks, target)) return choose_tile(hint.width, {3, 2, 1});
    if (target.has_feature(Target::AVX)) return choose_tile(hint.width, {6, 5, 4, 3, 2, 1});
    return choose_tile(hint.width, {2, 1});
}

}  // namespace

// Some 4 KB: enough to be read as a stream, by the product, and to be written as one, by the transform, which does a
// block of channels after the other.
int panel_tiles(const SizeHint& hint, const Target& target) {
    constexpr int panel_bytes = 4096, line = 64;
    const int tile = tiles_at_a_time(hint, target), depth = (hint.channels_in + channel_block - 1) / channel_block;
    const int tiles = (hint.width + tile - 1) / tile;
    int best = 1;
    for (int i = 1; i <= tiles && i * tile * depth * line <= panel_bytes; ++i)
        if (tiles % i == 0) best = i;
    return best * tile;
}

Layout panel_register_tile(const SizeHint& hint, const Target& target) {
    const int blocks = blocks_of(hint), panel = std::max(hint.width, 1);
    Layout layout;
    int widest = 2;
    if (has_avx512(target)) {
        layout.tile_blocks = blocks % 2 == 0 ? 2 : 1;
        widest = layout.tile_blocks == 2 ? 12 : 20;
    } else if (is_three_by_two(blocks, target)) {
        layout.tile_blocks = 2;
        widest = 3;
    } else if (target.has_feature(Target::AVX)) {
        widest = 6;
    }
    for (int tile = 1; tile <= widest; ++tile) {
        if (panel % tile == 0) layout.tile_x = tile;
    }
    return layout;
}

void keep_in_registers(Halide::Stage update, const Halide::Var& c, const Halide::Var& x, const Halide::Var& cb,
                       const std::vector<Halide::VarOrRVar>& terms, const Layout& layout, const Target& target) {
    std::vector<Halide::VarOrRVar> order{c, cb, x};
    // Among the unrolled dimensions channel blocks go inside and pixels outside: a broadcast lives for one group of
    // FMAs. The other way round LLVM keeps all broadcasts alive and spills accumulators. With three pixels it is the
    // broadcasts that can be kept, and a weight lives for three.
    if (is_three_by_two(layout.tile_blocks, target)) {
        Halide::Var half("half");
        update.split(c, half, c, vector_floats(target)).unroll(half);
        order = {c, x, half, cb};
    }
    order.insert(order.end(), terms.begin(), terms.end());
    update.reorder(order).vectorize(c).unroll(x).unroll(cb);
}

}  // namespace atrous::x86
