// Which algorithm computes a convolution: directly, without what lies in the padding, or in Winograd's domain
// (generators/winograd.h). Decided when a network is compiled, from the sizes it is optimised for; any other size is as
// right. No Halide in here.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "generators/kernel_spec.h"

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

// Tiles along an axis of `pixels` outputs, as generators/winograd.h counts them.
int winograd_tiles(int pixels, int outputs, int dilation);

// For outputs of about the hint's size. nullopt: directly. `direct_share`: of the products, those that are computed
// then.
std::optional<WinogradChoice> choose_winograd(const ConvSpec& spec, const SizeHint& hint, int dilation_x,
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

// One axis of a convolution: output o reads input o·stride + k·dilation − pad for each tap k.
struct ConvAxis {
    int out = 1, in = 1, taps = 1, stride = 1, dilation = 1, pad = 0;
};

// Output columns [begin, end), for which the taps from first_tap on suffice: all others read padding.
struct ConvColumns {
    int begin = 0, end = 0, first_tap = 0, taps = 1;
};

// A row of outputs cut where that saves much, from left to right; each piece is a convolution of fewer taps. One piece
// where it does not pay. (Rows need no such cut: the kernel leaves out those taps by itself.)
std::vector<ConvColumns> split_columns(const ConvAxis& x);

// The share of products that remains when taps in the padding are left out, along x as split_columns() does.
double direct_share(const ConvAxis& x, const ConvAxis& y);

}  // namespace atrous
