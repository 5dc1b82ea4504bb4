#include "apps/segment/label_map.h"

#include <cstring>

#include "runtime/error.h"

namespace atrous {

namespace {

template <typename Element>
std::vector<uint16_t> converted(const Tensor& map) {
    std::vector<uint16_t> labels(map.bytes.size() / sizeof(Element));
    for (size_t i = 0; i < labels.size(); i++) {
        Element label;
        std::memcpy(&label, map.bytes.data() + i * sizeof(Element), sizeof(Element));
        if (label < 0 || label > UINT16_MAX) {
            throw Error("the network gave the label " + std::to_string(label) + ", expected 0 to 65535");
        }
        labels[i] = static_cast<uint16_t>(label);
    }
    return labels;
}

}  // namespace

std::vector<uint16_t> labels_of(const Tensor& map) {
    if (map.type == ATROUS_I64) return converted<int64_t>(map);
    if (map.type == ATROUS_I32) return converted<int32_t>(map);
    return {map.bytes.begin(), map.bytes.end()};
}

}  // namespace atrous
