// What every emitted library consists of, as its executor (network*.cpp) sees it. The compiler's emission step defines
// `atrous_parts` in an assembler file; tests of the executor make Parts of their own.
//
// The executor is inside C programs: freestanding C++ without exceptions, RTTI, static constructors or anything of
// libstdc++'s archive; it needs libc, libm and pthread. Without code for GPUs it has no mutable static data at all.
#pragma once

#include <cstdint>

namespace atrous::network {

// args[0] points to the user context (a void*), then one pointer per argument: to halide_buffer_t, int32_t or float.
// Non-zero is an error.
using Kernel = int (*)(void** args);

struct Device;

// One instruction set of CPUs, or one kind of GPU: a plan, and its kernels in their order, compiled for that. All
// instruction sets share one plan, and so do all GPUs; the levels of a plan stand together.
struct Level {
    const char* target;       // canonical Halide target string
    uint64_t features;        // CpuFeature bits that the CPU must have
    const uint8_t* plan;      // plan.h, 8-byte aligned
    const Kernel* kernels;    // plan::Header::kernel_count of them
    const Device* device;     // network_device.h; null: the kernels run on the CPU
    uint64_t device_version;  // CUDA: the compute capability needed, 75 for 7.5
};

struct Parts {
    const uint8_t* weights;  // of all plans, 64-byte aligned
    const char* info;        // JSON
    const Level* levels;     // best first
    uint64_t level_count;
};

extern "C" __attribute__((visibility("hidden"))) const Parts atrous_parts;

}  // namespace atrous::network
