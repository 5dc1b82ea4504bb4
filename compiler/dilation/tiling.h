// What exact tiling needs of a network: how far a tile must reach beyond its own part of the picture, and the grid that
// it must sit on, for a tiled result to equal the untiled one bit for bit.
#pragma once

#include <string>

#include "compiler/dilation/network_reads.h"

namespace atrous::dilation {

// The groups of rows and columns, counted from the first on, that a node's result is computed in (Winograd tiles times
// dilation, interleaved by phases): 1 and 1 for pixel by pixel.
using Grid = std::array<int64_t, 2>;

struct AxisTiling {
    int64_t alignment = 1;          // a tile begins at a multiple of so many input pixels, unless it ends the picture
    int64_t output_alignment = 1;   // the same in pixels of the output
    int64_t before = 0, after = 0;  // input pixels that a tile so aligned reads beyond its own part
    int64_t rounded_before() const { return (before + alignment - 1) / alignment * alignment; }
    int64_t rounded_after() const { return (after + alignment - 1) / alignment * alignment; }
};

struct Tiling {
    std::string refusal;  // why there is no exact tiling; empty where there is
    AxisTiling y, x;
};

// Pixels of an output after which all values behind it are back where they were relative to the pixel grid: outputs so
// far apart have the same receptive field. 0: unknown, where a resize is no ratio of small numbers.
std::array<int64_t, 2> period_of(const ReadGraph& graph, uint32_t output);

// For one output of the network. Throws Error as field_of() does. `grids`: by value; empty: pixel by pixel everywhere.
Tiling tiling_of(const Network& network, const ReadGraph& graph, uint32_t output, const std::vector<Grid>& grids,
                 Work& work);

}  // namespace atrous::dilation
