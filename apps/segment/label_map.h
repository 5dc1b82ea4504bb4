// Networks that end in ArgMax give class numbers instead of scores.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/library.h"

namespace atrous {

// The labels of a map (1×h×w or 1×1×h×w integers). Throws Error for labels outside 0 … 65535.
std::vector<uint16_t> labels_of(const Tensor& map);

}  // namespace atrous
