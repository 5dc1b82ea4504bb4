#include "compiler/level.h"

#include <algorithm>
#include <array>
#include <bit>
#include <sstream>
#include <string_view>
#include <tuple>

#include "runtime/error.h"
#include "runtime/network_cpu.h"

namespace atrous {

namespace {

using namespace network;

// Halide's features, with all that LLVM then takes for granted.
constexpr uint64_t sse41 = cpu_sse41, avx = sse41 | cpu_avx, avx2 = avx | cpu_avx2 | cpu_f16c | cpu_fma | cpu_bmi,
                   avx512 = avx2 | cpu_avx512, skylake = avx512 | cpu_avx512_skylake,
                   cannonlake = skylake | cpu_avx512_cannonlake, zen4 = cannonlake | cpu_avx512_zen4;

struct Feature {
    std::string_view name;
    uint64_t bits;
};
constexpr std::array<Feature, 21> features{{{"sse41", sse41},
                                            {"avx", avx},
                                            {"f16c", avx | cpu_f16c},
                                            {"fma", avx | cpu_fma},
                                            {"avx2", avx2},
                                            {"avxvnni", avx2 | cpu_avxvnni},
                                            {"avx512", avx512},
                                            {"avx512_skylake", skylake},
                                            {"avx512_cannonlake", cannonlake},
                                            {"avx512_zen4", zen4},
                                            {"avx512_zen5", zen4 | cpu_avxvnni | cpu_avx512_zen5},
                                            {"avx512_sapphirerapids", zen4 | cpu_avxvnni | cpu_avx512_sapphirerapids},
                                            // Of GPUs and of Halide, not of the CPU.
                                            {"cuda", 0},
                                            {"cuda_capability_75", 0},
                                            {"cuda_capability_80", 0},
                                            {"cuda_capability_86", 0},
                                            {"opencl", 0},
                                            {"cl_doubles", 0},
                                            {"no_runtime", 0},
                                            {"no_asserts", 0},
                                            {"no_bounds_query", 0}}};

std::vector<std::string> parts_of(const std::string& target) {
    std::vector<std::string> parts;
    std::istringstream in(target);
    for (std::string part; std::getline(in, part, '-');) parts.push_back(part);
    return parts;
}

}  // namespace

std::string platform_of(const std::string& target) {
    const std::vector<std::string> parts = parts_of(target);
    if (parts.size() < 3)
        throw Error(target, "is not a full target", "expected architecture-bits-system, as in x86-64-linux");
    return parts[0] + "-" + parts[1] + "-" + parts[2];
}

uint64_t cpu_features_of(const std::string& target) {
    const std::vector<std::string> parts = parts_of(target);
    uint64_t bits = 0;
    for (size_t i = 3; i < parts.size(); ++i) {
        const auto feature = std::find_if(features.begin(), features.end(),
                                          [&](const Feature& known) { return known.name == parts[i]; });
        if (feature == features.end()) {
            throw Error(target, "has the feature " + parts[i] + ", which a library cannot look for when it is opened",
                        "leave it out");
        }
        bits |= feature->bits;
    }
    return bits;
}

uint64_t device_version_of(const std::string& target) {
    constexpr std::string_view capability = "cuda_capability_";
    for (const std::string& part : parts_of(target)) {
        if (part.starts_with(capability)) return std::stoul(part.substr(capability.size()));
    }
    return 0;
}

std::vector<std::string> sort_targets(std::vector<std::string> targets) {
    for (const std::string& target : targets) {
        if (platform_of(target) != platform_of(targets.front())) {
            throw Error(target, "cannot be in one library with " + targets.front(), "compile once for each");
        }
    }
    const auto rank = [](const std::string& target) {
        const int32_t device = device_of(target);
        const int kind = device == ATROUS_DEVICE_CUDA ? 2 : device == ATROUS_DEVICE_OPENCL ? 1 : 0;
        return std::tuple(kind, device_version_of(target), std::popcount(cpu_features_of(target)));
    };
    std::stable_sort(targets.begin(), targets.end(),
                     [&](const std::string& a, const std::string& b) { return rank(a) > rank(b); });
    const auto twice = std::adjacent_find(targets.begin(), targets.end());
    if (twice != targets.end()) throw Error(*twice, "is given twice as a target", "leave one out");
    return targets;
}

}  // namespace atrous
