#include "schedules/layout.h"

#include <algorithm>

namespace atrous {

std::string Layout::text() const {
    if (tile_x == 1 && tile_blocks == 1) return {};
    return "t" + std::to_string(tile_x) + "x" + std::to_string(tile_blocks) + (blocks_outer ? "w" : "r") +
           (depth > 0 ? "d" + std::to_string(depth) : "") +
           (unroll != Layout{}.unroll ? "u" + std::to_string(unroll) : "");
}

namespace {

bool has(const std::vector<int>& values, int value) {
    return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

// Each layout with each of the values; as they are where there are none.
template <class Member>
std::vector<Layout> with_each(const std::vector<Layout>& layouts, Member Layout::*member,
                              const std::vector<int>& values) {
    if (values.empty()) return layouts;
    std::vector<Layout> all;
    for (const Layout& layout : layouts)
        for (const int value : values) (all.emplace_back(layout)).*member = static_cast<Member>(value);
    return all;
}

}  // namespace

bool Space::has(const Layout& layout) const {
    const bool fits = most_sums == 0 || layout.tile_x * layout.tile_blocks <= most_sums;
    return fits && atrous::has(tile_x, layout.tile_x) && atrous::has(tile_blocks, layout.tile_blocks) &&
           atrous::has(depth, layout.depth) && atrous::has(blocks_outer, layout.blocks_outer) &&
           atrous::has(unroll, layout.unroll);
}

std::vector<Layout> Space::all() const {
    std::vector<Layout> layouts = with_each({Layout{}}, &Layout::tile_x, tile_x);
    layouts = with_each(layouts, &Layout::tile_blocks, tile_blocks);
    layouts = with_each(layouts, &Layout::depth, depth);
    layouts = with_each(layouts, &Layout::blocks_outer, blocks_outer);
    layouts = with_each(layouts, &Layout::unroll, unroll);
    std::erase_if(layouts, [&](const Layout& layout) { return !has(layout); });
    return layouts;
}

Layout tuned(Layout layout, const Tuning& tuning) {
    if (tuning.tile_x != Tuning::open) layout.tile_x = tuning.tile_x;
    if (tuning.tile_blocks != Tuning::open) layout.tile_blocks = tuning.tile_blocks;
    if (tuning.depth != Tuning::open) layout.depth = tuning.depth;
    if (tuning.blocks_outer != Tuning::open) layout.blocks_outer = tuning.blocks_outer != 0;
    if (tuning.unroll != Tuning::open) layout.unroll = tuning.unroll;
    return layout;
}

std::vector<int> numbers(int first, int last) {
    std::vector<int> result;
    for (int number = first; number <= last; ++number) result.push_back(number);
    return result;
}

int vector_floats(const Halide::Target& target) {
    return target.natural_vector_size<float>();
}

bool has_avx512(const Halide::Target& target) {
    return target.has_feature(Halide::Target::AVX512_Skylake) || target.has_feature(Halide::Target::AVX512);
}

bool is_arm64(const Halide::Target& target) {
    return target.arch == Halide::Target::ARM && target.bits == 64;
}

int products_per_cycle(const Halide::Target& target) {
    // Intel's later CPUs and Zen 5 have all features of Zen 4, too.
    const bool is_zen4 = target.has_feature(Halide::Target::AVX512_Zen4) &&
                         !target.features_any_of({Halide::Target::AVX512_Zen5, Halide::Target::AVX512_SapphireRapids});
    return has_avx512(target) && !is_zen4 ? 2 : 1;
}

}  // namespace atrous
