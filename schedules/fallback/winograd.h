// The transforms of Winograd convolution: a block of 16 channels of one tile at a time, everything unrolled, so that a
// tile stays in registers and the first level of cache. And a plain matrix product.
#pragma once

#include <optional>

#include "generators/winograd.h"
#include "schedules/layout.h"

namespace atrous::fallback {

void apply(WinogradWeights& weights, const WinogradWeightsSpec& spec, const Halide::Target& target);
void apply(WinogradFetch& fetch, const WinogradFetchSpec& spec, const Halide::Target& target);
void apply(WinogradInput& input, const WinogradInputSpec& spec, const Halide::Target& target);
void apply(WinogradOutput& output, const WinogradOutputSpec& spec, const Halide::Target& target);

std::optional<Layout> layout(const BatchedGemmSpec& spec, const SizeHint& hint, const Halide::Target& target);
void apply(BatchedGemm& gemm, const BatchedGemmSpec& spec, const Layout& layout, const Extents& extents,
           const Halide::Target& target);

}  // namespace atrous::fallback
