// A GPU whose memory is the test's, in the place of Halide's runtime: what the executor asks of that is here.
#pragma once

#include <HalideRuntime.h>

#include <atomic>
#include <cstdint>

namespace atrous::fake_gpu {

struct State {
    std::atomic<uint64_t> capacity{UINT64_MAX};  // bytes
    std::atomic<uint64_t> allocated{0};          // bytes
    std::atomic<int> allocations{0};             // made so far
    std::atomic<int> views{0};                   // that are not released
    std::atomic<int> waits{0};                   // for the device, so far
    std::atomic<bool> absent{false}, fails_to_copy{false}, fails_to_wait{false}, is_cpu{false}, has_doubles{true};
    std::atomic<int> capability{75};
    std::atomic<bool> platform_was_chosen{false}, gpu_was_chosen{false};
};
inline State state;

// The memory of a buffer on the device; reports the error that a device would where the buffer begins at no multiple of
// 512, or reaches beyond the memory that it is a part of, as OpenCL's may not.
float* data(halide_buffer_t& buffer);

}  // namespace atrous::fake_gpu
