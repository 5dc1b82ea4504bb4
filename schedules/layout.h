// What a schedule decides before the algorithm is built: block sizes of its loop nest. (How tensors are packed is
// decided earlier, per operator, by preferred_packing in registry.h, since it concerns the neighbours too.)
#pragma once

#include <string>
#include <vector>

#include "Halide.h"
#include "generators/kernel_spec.h"

namespace atrous {

// On a GPU: of a block of threads, in pixels and channels.
struct Layout {
    int tile_x = 1;             // output pixels of one register tile
    int tile_blocks = 1;        // channel blocks of one register tile
    int depth = 0;              // input channel blocks that are summed up at a time, for a whole row; 0: all
    bool blocks_outer = false;  // loop over channel blocks outside rows: weights stay in cache, not rows
    int unroll = 2;             // input channels whose products follow each other in one turn of the innermost loop

    std::string text() const;  // "t10x2r"; empty when nothing was decided
    bool operator==(const Layout&) const = default;
};

// The legal values of a schedule's decisions, for a kernel: what a tuner may try. Without values there is nothing to
// decide, and the schedule's own choice stands.
struct Space {
    std::vector<int> tile_x, tile_blocks, depth, blocks_outer, unroll;
    int most_sums = 0;  // tile_x · tile_blocks that stay in registers; 0: any

    bool has(const Layout& layout) const;
    std::vector<Layout> all() const;
};

// The schedule's own choice, changed where the tuning says so.
Layout tuned(Layout layout, const Tuning& tuning);

// Numbers from `first` to `last`.
std::vector<int> numbers(int first, int last);

// Sizes that the loop nest needs to know, of the output.
struct Extents {
    Halide::Expr width, blocks;
    Halide::Expr ci_lanes = 0;  // dense convolution in c16 only
};

// Floats per SIMD register of the target.
int vector_floats(const Halide::Target& target);
bool has_avx512(const Halide::Target& target);
bool is_arm64(const Halide::Target& target);
// How many products of 16 floats its cores add up in a cycle: two with Intel's AVX-512, one with AMD's or with
// AVX2.
int products_per_cycle(const Halide::Target& target);

}  // namespace atrous
