// The matrix products of Winograd convolution on x86: a register tile of tiles × channel blocks.
#pragma once

#include <optional>

#include "generators/winograd.h"
#include "schedules/layout.h"

namespace atrous::x86 {

// The hint's width is the number of tiles in a panel.
std::optional<Layout> layout(const BatchedGemmSpec& spec, const SizeHint& hint, const Halide::Target& target);
void apply(BatchedGemm& gemm, const BatchedGemmSpec& spec, const Layout& layout, const Extents& extents,
           const Halide::Target& target);
Space space(const BatchedGemmSpec& spec, const SizeHint& hint, const Halide::Target& target);

}  // namespace atrous::x86
