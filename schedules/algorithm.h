// Which algorithm computes a convolution: directly, or in Winograd's domain (generators/winograd.h). Decided when a
// network is compiled, from the sizes it is optimised for; any other size is as right. No Halide in here.
#pragma once

#include <optional>
#include <string_view>

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
};

// Tiles along an axis of `pixels` outputs, as generators/winograd.h counts them.
int winograd_tiles(int pixels, int outputs, int dilation);

// For outputs of about the hint's size. nullopt: directly.
std::optional<WinogradChoice> choose_winograd(const ConvSpec& spec, const SizeHint& hint, int dilation_x,
                                              int dilation_y, WinogradPolicy policy, std::string_view target);

}  // namespace atrous
