// Who makes and who reads each value: the index that passes and lowering look things up in. Valid until the network's
// nodes change.
#pragma once

#include "compiler/ir.h"

namespace atrous {

struct Graph {
    explicit Graph(const Network& network);

    static constexpr uint32_t no_node = 0xffffffffu;
    std::vector<uint32_t> producer;                // by value; no_node for inputs and constants
    std::vector<std::vector<uint32_t>> consumers;  // by value; a node that reads it twice is listed twice
    std::vector<bool> is_output;                   // by value

    // The one node that reads the value, if there is exactly one reading and the network does not return it.
    uint32_t only_consumer(ValueId value) const {
        return !is_output[value] && consumers[value].size() == 1 ? consumers[value][0] : no_node;
    }
};

inline bool has(ValueId value) {
    return value != no_value;
}

// Same extents, axis by axis.
bool same_shape(const std::vector<Size>& a, const std::vector<Size>& b);
// The product of the extents.
Size element_count(const std::vector<Size>& shape);
// The whole number that an axis must be for kernels to be made, or −1.
int64_t fixed_extent(const Value& value, size_t axis);

// `FILE: node "NAME" (Conv)`: the subject of every error about a node.
std::string subject_of(const Network& network, const Node& node);

}  // namespace atrous
