// Which device a Halide target string is for.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/abi.h"

namespace atrous {

// ATROUS_DEVICE_CPU, _CUDA or _OPENCL.
inline int32_t device_of(std::string_view target) {
    int32_t device = ATROUS_DEVICE_CPU;
    for (size_t begin = 0; begin < target.size();) {
        const size_t end = target.find('-', begin);
        const std::string_view word = target.substr(begin, end - begin);
        if (word == "cuda") device = ATROUS_DEVICE_CUDA;
        if (word == "opencl") device = ATROUS_DEVICE_OPENCL;
        begin = end == std::string_view::npos ? target.size() : end + 1;
    }
    return device;
}

inline bool is_for_gpu(std::string_view target) {
    return device_of(target) != ATROUS_DEVICE_CPU;
}

}  // namespace atrous
