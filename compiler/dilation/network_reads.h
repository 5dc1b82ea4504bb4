// From a network to what its values read of each other, at one size of its inputs.
#pragma once

#include "compiler/dilation/read_graph.h"
#include "compiler/ir.h"

namespace atrous::dilation {

// Sizes of free dimensions, as `atrous compile --size` takes them.
struct InputSize {
    int64_t height = 320, width = 320;
};

// The value of a size that may depend on the inputs'. Throws Error, naming the network's file, for one that is below
// one or beyond 2^31: the network does not run at this size.
int64_t extent_at(const Network& network, const Size& size, const InputSize& input);

// Height and width are the last two axes of a network input of rank 4, the last one of rank 3; they are followed
// through the network from there. What loses them (Flatten, a matrix product) reads the whole picture. Throws Error.
ReadGraph read_graph_of(const Network& network, const InputSize& input);

}  // namespace atrous::dilation
