// What a target string asks of the machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/device_kind.h"

namespace atrous {

// The folder of support files for it, "x86-64-linux": architecture, word size and system of a canonical target.
std::string platform_of(const std::string& target);

// CpuFeature bits of runtime/network_cpu.h. Throws Error for a feature that a library could not look for when it is
// opened.
uint64_t cpu_features_of(const std::string& target);

// The compute capability that CUDA code is made for, 75 for 7.5; 0 for other targets.
uint64_t device_version_of(const std::string& target);

// Best first, GPUs before CPUs: the order in which a library tries its levels. Throws Error where targets do not fit
// into one library, or one is given twice.
std::vector<std::string> sort_targets(std::vector<std::string> targets);

}  // namespace atrous
