#include "schedules/x86/register_tile.h"

#include <algorithm>

namespace atrous::x86 {

using namespace Halide;

namespace {

// Three pixels × two blocks: with 16 registers, each of which a product reads from and adds to in one instruction, the
// tile that reads least for a product: 7 vectors for 12. Six pixels × one block read 8, 6 of them broadcasts.
bool is_three_by_two(int blocks, const Target& target) {
    return target.has_feature(Target::FMA) && !has_avx512(target) && blocks % 2 == 0;
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

int tiles_at_a_time(const SizeHint& hint, const Target& target, bool only_level) {
    if (hint.tuning.tile_x != Tuning::open) return hint.tuning.tile_x;
    const int blocks = blocks_of(hint);
    if (has_avx512(target) && blocks % 2 == 0)
        return only_level ? choose_tile(hint.width, {12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1})
                          : choose_tile(hint.width, {12, 10, 9, 8, 6, 5, 4, 3, 2, 1});
    if (has_avx512(target)) return choose_tile(hint.width, {20, 16, 12, 10, 8, 6, 5, 4, 3, 2, 1});
    if (is_three_by_two(blocks, target)) return choose_tile(hint.width, {3, 2, 1});
    if (target.has_feature(Target::AVX)) return choose_tile(hint.width, {6, 5, 4, 3, 2, 1});
    return choose_tile(hint.width, {2, 1});
}

}  // namespace

int panel_tiles(const SizeHint& hint, const Target& target, bool only_level) {
    return panel_of(hint, tiles_at_a_time(hint, target, only_level));
}

Layout panel_register_tile(const SizeHint& hint, const Target& target) {
    const int blocks = blocks_of(hint);
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
    layout.tile_x = tile_of_panel(hint, widest);
    return layout;
}

// The figures beside register_tile(): wider ones were seen to spill.
Space register_space(const SizeHint& hint, const Target& target) {
    constexpr int widest = 20;
    Space space;
    space.most_sums = has_avx512(target) ? 24 : target.has_feature(Target::AVX) ? 6 : 2;
    space.tile_x = numbers(1, std::min({widest, space.most_sums, hint.width > 0 ? hint.width : widest}));
    for (const int blocks : {1, 2, 4})
        if (blocks_of(hint) % blocks == 0 && (blocks < 4 || has_avx512(target)) &&
            (blocks == 1 || target.has_feature(Target::FMA)))
            space.tile_blocks.push_back(blocks);
    space.unroll = {1, 2, 4};
    return space;
}

void accumulate(TileSum t, const Layout& layout, const Target& target) {
    t.sum.vectorize(t.c).unroll(t.x).unroll(t.cb);
    // Among the unrolled dimensions channel blocks go inside and pixels outside: a broadcast lives for one group of
    // FMAs. The other way round LLVM keeps all broadcasts alive and spills accumulators. With three pixels it is the
    // broadcasts that can be kept, and a weight lives for three.
    Stage update = t.sum.update();
    std::vector<VarOrRVar> order{t.c, t.cb, t.x};
    if (is_three_by_two(layout.tile_blocks, target)) {
        Var half("half");
        update.split(t.c, half, t.c, vector_floats(target)).unroll(half);
        order = {t.c, t.x, half, t.cb};
    }
    order.insert(order.end(), t.terms.begin(), t.terms.end());
    update.reorder(order).vectorize(t.c).unroll(t.x).unroll(t.cb);
    (is_const(t.lanes) ? update : update.specialize(t.lanes == channel_block)).unroll(t.terms.front(), layout.unroll);
}

}  // namespace atrous::x86
