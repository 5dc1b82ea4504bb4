#include "compiler/graph.h"

namespace atrous {

Graph::Graph(const Network& network)
    : producer(network.values.size(), no_node),
      consumers(network.values.size()),
      is_output(network.values.size(), false) {
    for (uint32_t n = 0; n < network.nodes.size(); ++n) {
        for (const ValueId v : network.nodes[n].outputs)
            if (has(v)) producer[v] = n;
        for (const ValueId v : network.nodes[n].inputs)
            if (has(v)) consumers[v].push_back(n);
    }
    for (const ValueId v : network.outputs) is_output[v] = true;
}

bool same_shape(const std::vector<Size>& a, const std::vector<Size>& b) {
    if (a.size() != b.size()) return false;
    for (size_t d = 0; d < a.size(); ++d)
        if (!(a[d] == b[d])) return false;
    return true;
}

Size element_count(const std::vector<Size>& shape) {
    Size count = 1;
    for (const Size& extent : shape) count = count * extent;
    return count;
}

int64_t fixed_extent(const Value& value, size_t axis) {
    if (axis >= value.shape.size()) return -1;
    return value.shape[axis].integer().value_or(-1);
}

std::string subject_of(const Network& network, const Node& node) {
    return network.file + ": node \"" + node.name + "\" (" + node.onnx_type + ")";
}

}  // namespace atrous
