// Loop nests shared by the schedules for GPUs.
#pragma once

#include <vector>

#include "Halide.h"

namespace atrous::gpu {

// A warp goes along x, so that its accesses lie side by side in memory; a block has some rows of them.
inline constexpr int warp = 32, rows_of_block = 8;

// What a thread does of a stage: so many elements of a row, a warp's width apart, and for each of them these loops.
struct PerThread {
    int elements = 1;
    std::vector<Halide::VarOrRVar> inside = {};
};

// Shares the elements of a stage out among threads. Returns the loop over a thread's elements, where a reduction that
// feeds one of them is to be computed. Blocks are counted along one axis of the grid, the only one that takes more than
// 65535 of them.
Halide::Var on_grid(Halide::Stage stage, const Halide::Var& x, const Halide::Var& y,
                    const std::vector<Halide::Var>& rest, const PerThread& thread = {});

}  // namespace atrous::gpu
