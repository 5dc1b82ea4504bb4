// What each layer of a network costs, at one size of its inputs.
#pragma once

#include <string>
#include <vector>

#include "compiler/dilation/network_reads.h"

namespace atrous::dilation {

struct LayerCost {
    std::string name, onnx_type;
    std::vector<int64_t> shape;  // of the result
    Pair kernel{1, 1}, stride{1, 1}, rate{1, 1};
    int64_t groups = 1;
    // Multiply-adds of convolutions and matrix products, and of those the ones that meet a pixel of the picture: the
    // others multiply padding (or, of a transposed convolution, would land outside the result).
    double macs = 0, real_macs = 0;
    double parameters = 0;  // numbers in constants that the layer reads
    double bytes_in = 0, bytes_out = 0, bytes_weights = 0;
    // What a cache must hold for every input row to be loaded once: the rows that the kernel reaches over, with all
    // channels, a row of the result, and the weights. Dilation makes the reach larger, not the work.
    double footprint = 0;
};

// One per node. Throws Error where the network does not run at this size.
std::vector<LayerCost> layer_costs(const Network& network, const ReadGraph& graph, const InputSize& size);

}  // namespace atrous::dilation
