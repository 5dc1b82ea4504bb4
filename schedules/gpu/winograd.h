// Winograd's domain on GPUs: a thread a tile's channel. The compiler asks for none of these there
// (has_winograd_schedules).
#pragma once

#include <optional>

#include "generators/winograd.h"
#include "schedules/layout.h"

namespace atrous::gpu {

void apply(WinogradWeights&, const WinogradWeightsSpec&);
void apply(WinogradFetch&, const WinogradFetchSpec&);
void apply(WinogradInput&, const WinogradInputSpec&);
void apply(WinogradOutput&, const WinogradOutputSpec&);

std::optional<Layout> layout(const BatchedGemmSpec&, const SizeHint&, const Halide::Target&);
void apply(BatchedGemm&, const BatchedGemmSpec&, const Layout&, const Extents&, const Halide::Target&);

}  // namespace atrous::gpu
