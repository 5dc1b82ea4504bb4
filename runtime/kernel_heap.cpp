// What kernels of Halide's autoschedulers call besides: memory for what lies between their stages. (Ours need none but
// the stack.) A part of libraries with such kernels only.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "runtime/abi.h"

namespace {

constexpr size_t alignment = 128;  // what Halide's code takes for granted of its runtime's malloc

}  // namespace

extern "C" {

__attribute__((visibility("hidden"))) void* halide_malloc(void*, size_t bytes) {
    void* memory = nullptr;
    return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

__attribute__((visibility("hidden"))) void halide_free(void*, void* memory) {
    std::free(memory);
}

// What kernels return where they got none, or would need more than can be counted.
__attribute__((visibility("hidden"))) int halide_error_out_of_memory(void*) {
    return ATROUS_NO_MEMORY;
}
__attribute__((visibility("hidden"))) int halide_error_buffer_allocation_too_large(void*, const char*, uint64_t,
                                                                                   uint64_t) {
    return ATROUS_NO_MEMORY;
}
}
