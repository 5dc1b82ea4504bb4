// Which algorithm computes a convolution: directly, without what lies in the padding (conv_columns.h), or in Winograd's
// domain (generators/winograd.h). Decided when a network is compiled, from the sizes it is optimised for; any other
// size is as right. No Halide in here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "generators/kernel_spec.h"
#include "schedules/registry.h"

namespace atrous {

enum class WinogradPolicy {
    automatic,  // by estimated time
    off,
    f2,  // 2 outputs a tile and axis wherever that is possible
    f4,  // 4
};

struct WinogradChoice {
    WinogradTile tile;
    int tiles_x = 1, tiles_y = 1;  // of a group, at most
    // 0: filters are transformed first, then group after group of tiles is done. Otherwise there is one group, and so
    // many blocks of output channels are done at a time, each with its filters.
    int blocks = 0;
};

// What a way to compute a convolution costs by the model, in multiply-adds of 16 floats: only to be compared.
struct AlgorithmEstimate {
    std::optional<WinogradChoice> winograd;  // nullopt: directly
    double cost = 0;
};

// Images of more floats come from memory.
constexpr int64_t cached_floats = 1 << 20;

// Pixels or tiles that are computed when register tiles cover so many, and what reading the weights costs beside that:
// as many as could be done by the widest.
double covered(int tiles, const Core& core);

// Tiles along an axis of `pixels` outputs, as generators/winograd.h counts them.
int winograd_tiles(int pixels, int outputs, int dilation);

// For outputs of these sizes, on average, where they are possible; whether directly (nullopt), for the first.
// `direct_share`: of the products, those that are computed then.
std::optional<WinogradChoice> choose_winograd(const ConvSpec& spec, const std::vector<SizeHint>& sizes, int dilation_x,
                                              int dilation_y, WinogradPolicy policy, std::string_view target,
                                              double direct_share = 1);

// All ways that there are, the cheapest first. Directly is always one of them.
std::vector<AlgorithmEstimate> estimate_algorithms(const ConvSpec& spec, const SizeHint& hint, int dilation_x,
                                                   int dilation_y, std::string_view target, double direct_share = 1);
// Whether the choice is within the limits that these keep.
bool is_legal(const WinogradChoice& choice, const ConvSpec& spec, const SizeHint& hint, int dilation_x, int dilation_y,
              std::string_view target);

// So many input channels are added up at once in Winograd's domain, then the sums; 0: all. Most of the error of large
// tiles comes from adding up many products that are large beside their sum.
int channels_at_once(const WinogradTile& tile);

// Into how many parts the input channels are cut, each summed up for the whole output before the next. 1: at once. What
// is read again and again, all weights for every row, or in Winograd's domain all tiles for every pass over output
// channels, would otherwise come from memory.
int channel_parts(const std::optional<WinogradChoice>& winograd, const ConvSpec& spec, const SizeHint& hint,
                  int dilation_x, int dilation_y, std::string_view target, double direct_share = 1);

}  // namespace atrous
