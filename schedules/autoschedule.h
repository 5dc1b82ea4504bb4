// Kernels that Halide's autoschedulers schedule: the same algorithms, other loop nests.
//
// An autoscheduler plans for the sizes it is told, and its loops go over whole tiles of them. A kernel is called with
// others too, and Halide's checks are not in it. So each kernel is two: the autoscheduled one, for outputs that have
// room for a tile, and ours for the rest; and no loop of a stage between input and output computes more than is needed.
#pragma once

#include "Halide.h"
#include "schedules/registry.h"

namespace atrous {

// Both, and their entry `symbol`, which chooses. Throws Error, or Halide's, where the autoscheduler cannot do it.
// `target` is that of kernels.
Halide::Module autoscheduled_module(const KernelSpec& spec, const SizeHint& hint, const Halide::Target& target,
                                    const Autoscheduling& how, const std::string& symbol);

}  // namespace atrous
