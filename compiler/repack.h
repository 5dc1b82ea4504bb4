// Constants in the orders that kernels read (generators/kernel_spec.h), packed once at compile time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/location.h"

namespace atrous {

// Dense weights (co, ci within the group, ky, kx), row-major.
struct DenseWeights {
    int64_t channels_out = 1, channels_in = 1, kernel_y = 1, kernel_x = 1;
    std::vector<float> numbers;
};

// Weights (Cin, Cout/groups, kH, kW) of a transposed convolution, those taps that one phase of its outputs sees.
struct PhaseTaps {
    int64_t taps = 1, first = 0, step = 1;  // see compiler/phases.h
};
DenseWeights phase_weights(std::span<const float> weights, int64_t channels_in, int64_t channels_out_per_group,
                           int64_t groups, int64_t kernel_y, int64_t kernel_x, const PhaseTaps& y, const PhaseTaps& x);

// Innermost first: (c16, ci, kx, ky, cib, cb), ci = min(16, channels_in), zeros past the last channels. Direct
// convolutions go through all channels of a block for each tap; Winograd takes up all taps of a channel.
enum class FilterOrder { channels_inside, taps_inside };  // taps: (c16, kx, ky, ci, cib, cb) in memory
std::vector<float> pack_conv_weights(const DenseWeights& weights, FilterOrder order);
int64_t packed_inner_channels(int64_t channels_in);

// (co, kx, ci, ky, cob), `side_by_side` output channels in a block, zeros past the last; of (Cin, Cout, kH, kW).
std::vector<float> pack_phased_weights(std::span<const float> weights, int64_t channels_in, int64_t channels_out,
                                       int64_t kernel_y, int64_t kernel_x, int64_t side_by_side);

// (c, kx, ky, cb) of (c, 1, ky, kx).
std::vector<float> pack_depthwise_weights(const DenseWeights& weights);

// One number per channel (or one for all), as (c, cb); zeros past the last channel.
std::vector<float> pack_channels(std::span<const float> numbers, int64_t channels);

// An image N,C,H,W with its halo of zeros.
struct ImageExtents {
    int64_t n = 1, c = 1, h = 1, w = 1;
};
std::vector<float> pack_image(std::span<const float> numbers, const ImageExtents& image, const Halo& halo);

}  // namespace atrous
