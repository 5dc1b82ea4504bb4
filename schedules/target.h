// Target strings → Halide's targets.
#pragma once

#include <string_view>

#include "Halide.h"

namespace atrous {

// "host", or a Halide target string, with the features that others imply, and without those that no kernel uses.
// Throws Error.
Halide::Target parse_target(std::string_view text);

}  // namespace atrous
