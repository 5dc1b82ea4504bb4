// A network computed node by node on dense arrays of doubles, straight from the operators' definitions: what lowering
// and its kernels are compared with.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir.h"

namespace atrous::reference {

// Row-major. Integers and booleans are numbers too.
struct Array {
    std::vector<int64_t> shape;
    std::vector<double> numbers;
};

// Inputs and outputs in the network's order. The network is as the importer leaves it: nothing fused.
std::vector<Array> evaluate_network(const Network& network, const std::vector<Array>& inputs);

}  // namespace atrous::reference
