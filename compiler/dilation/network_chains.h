// The serial chains of convolutions in a network: what the rules for dilation rates speak about.
#pragma once

#include <vector>

#include "compiler/dilation/chain.h"
#include "compiler/ir.h"

namespace atrous::dilation {

struct NetworkChain {
    std::vector<size_t> nodes;  // from the input to the output
    std::array<Chain, 2> axes;  // height, width
    bool is_dilated() const;
};

// Convolutions of more than one tap and of stride 1, one after the other, with nothing between them but what works
// pixel by pixel (1×1 convolutions, activations, sums, concatenations): all on one resolution. Where paths of several
// lengths meet, as after residuals and skip connections, the longest counts. A chain ends where several convolutions go
// on in parallel (ASPP), or where the resolution changes. In the order of their first nodes.
std::vector<NetworkChain> chains_of(const Network& network);

}  // namespace atrous::dilation
