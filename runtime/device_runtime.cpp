// What of Halide's runtime for GPUs is done otherwise. The linker takes these functions where that has weak ones; those
// called halide_runtime_… are its own under other names, which the build gives them (compiler/emission.cmake).
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "runtime/device_memory.h"

using namespace atrous::network;

#define ATROUS_HIDDEN __attribute__((visibility("hidden")))

extern "C" {

// Errors, of which kernels return none. A library prints nothing.
ATROUS_HIDDEN void halide_error(void*, const char* message) {
    note_failure(message);
}
ATROUS_HIDDEN void halide_print(void*, const char*) {}

// A network keeps its memory itself, and gives it back when it is closed.
ATROUS_HIDDEN bool halide_can_reuse_device_allocations(void*) {
    return false;
}

// The driver is libcuda.so.1; the other name comes with packages for development.
ATROUS_HIDDEN void* halide_cuda_get_symbol(void*, const char* name) {
    void* driver = dlopen("libcuda.so.1", RTLD_LAZY);
    if (!driver) driver = dlopen("libcuda.so", RTLD_LAZY);
    return driver ? dlsym(driver, name) : nullptr;
}

// Halide has the driver's compiler keep to 64 registers a thread, where a register tile needs up to 128: it would be
// spilled. Blocks are of at most 256 threads, or need few registers.
ATROUS_HIDDEN char* halide_runtime_getenv(const char* name) {
    static char most_registers[] = "255";
    char* value = std::getenv(name);
    return value || std::strcmp(name, "HL_CUDA_JIT_MAX_REGISTERS") != 0 ? value : most_registers;
}

// A kernel starts what it could not load, and that would end the process.
using Initialize = int(void* user_context, void** state, const char* code, int size);
using Run = int(void* user_context, void* state, const char* entry, int, int, int, int, int, int, int shared,
                size_t sizes[], void* arguments[], int8_t are_buffers[]);
Initialize halide_runtime_cuda_initialize_kernels, halide_runtime_opencl_initialize_kernels;
Run halide_runtime_cuda_run, halide_runtime_opencl_run;

ATROUS_HIDDEN int halide_cuda_initialize_kernels(void* user_context, void** state, const char* code, int size) {
    const int error = halide_runtime_cuda_initialize_kernels(user_context, state, code, size);
    if (error) note_failure("a kernel could not be loaded");
    return error;
}
ATROUS_HIDDEN int halide_opencl_initialize_kernels(void* user_context, void** state, const char* code, int size) {
    const int error = halide_runtime_opencl_initialize_kernels(user_context, state, code, size);
    if (error) note_failure("a kernel could not be loaded");
    return error;
}
ATROUS_HIDDEN int halide_cuda_run(void* user_context, void* state, const char* entry, int blocks_x, int blocks_y,
                                  int blocks_z, int threads_x, int threads_y, int threads_z, int shared, size_t sizes[],
                                  void* arguments[], int8_t are_buffers[]) {
    if (failure()[0]) return -1;
    return halide_runtime_cuda_run(user_context, state, entry, blocks_x, blocks_y, blocks_z, threads_x, threads_y,
                                   threads_z, shared, sizes, arguments, are_buffers);
}
ATROUS_HIDDEN int halide_opencl_run(void* user_context, void* state, const char* entry, int blocks_x, int blocks_y,
                                    int blocks_z, int threads_x, int threads_y, int threads_z, int shared,
                                    size_t sizes[], void* arguments[], int8_t are_buffers[]) {
    if (failure()[0]) return -1;
    return halide_runtime_opencl_run(user_context, state, entry, blocks_x, blocks_y, blocks_z, threads_x, threads_y,
                                     threads_z, shared, sizes, arguments, are_buffers);
}
}
