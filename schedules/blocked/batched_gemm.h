// The matrix products of Winograd convolution: the loops around a register tile of tiles × channel blocks.
#pragma once

#include "generators/winograd.h"
#include "schedules/register_tile.h"

namespace atrous::blocked {

void apply(BatchedGemm& gemm, const BatchedGemmSpec& spec, const Layout& layout, const Extents& extents,
           const Halide::Target& target, Accumulate accumulate);

}  // namespace atrous::blocked
