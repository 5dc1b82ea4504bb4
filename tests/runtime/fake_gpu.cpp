#include "fake_gpu.h"

#include <HalideRuntimeCuda.h>
#include <HalideRuntimeOpenCL.h>

#include <cstdlib>
#include <cstring>

#include "runtime/device_memory.h"

extern "C" void halide_error(void* user_context, const char* message);

namespace atrous::fake_gpu {

namespace {

struct Place {
    uint8_t* memory;
    uint64_t offset, bytes;
};

const halide_device_interface_t cuda{}, opencl{};

Place& place(const halide_buffer_t& buffer) {
    return *reinterpret_cast<Place*>(buffer.device);
}

uint8_t* bytes(const halide_buffer_t& buffer) {
    return place(buffer).memory + place(buffer).offset;
}

int fail(const char* message) {
    halide_error(nullptr, message);
    return -1;
}

uint64_t size_of(const halide_buffer_t& buffer) {
    return buffer.size_in_bytes();
}

// CUDA, of one context on device 7.
void* const cuda_context = &state;
int cuda_contexts = 0;
int push_context(void* context) {
    cuda_contexts += context == cuda_context;
    return context == cuda_context ? 0 : 1;
}
int pop_context(void** context) {
    *context = cuda_context;
    return --cuda_contexts;
}
int get_current_device(int* device) {
    *device = 7;
    return cuda_contexts == 1 ? 0 : 201;
}
int get_cuda_name(char* name, int bytes, int device) {
    std::strncpy(name, device == 7 ? "fake CUDA device" : "?", static_cast<size_t>(bytes));
    return 0;
}

// OpenCL, of one platform with one device.
int32_t get_handle(void*, uint32_t, size_t, void* value, size_t*) {
    std::memset(value, 1, sizeof(void*));
    return 0;
}
int32_t get_platform_name(void*, uint32_t, size_t, void* value, size_t*) {
    std::strcpy(static_cast<char*>(value), "fake");
    return 0;
}
int32_t get_device_info(void*, uint32_t what, size_t bytes, void* value, size_t*) {
    if (what == 0x102b) {
        std::strcpy(static_cast<char*>(value), "fake OpenCL device");
        return 0;
    }
    uint64_t fact = 0;
    if (what == 0x1000) fact = state.is_cpu ? 2 : 4;
    if (what == 0x1004) fact = 1024;
    if (what == 0x1019) fact = 4096;
    if (what == 0x1023) fact = 48 << 10;
    if (what == 0x1032) fact = state.has_doubles ? 63 : 0;
    std::memcpy(value, &fact, bytes);
    return 0;
}
int32_t get_platforms(uint32_t, void** platforms, uint32_t* count) {
    platforms[0] = nullptr;
    *count = 1;
    return 0;
}
int32_t get_devices(void*, uint64_t, uint32_t, void**, uint32_t* count) {
    *count = state.is_cpu ? 0 : 1;
    return state.is_cpu ? -1 : 0;
}

}  // namespace

float* data(halide_buffer_t& buffer) {
    if (buffer.device_interface == &opencl) {
        const Place& p = place(buffer);
        if (p.offset % 512 != 0) fail("CL_MISALIGNED_SUB_BUFFER_OFFSET");
        if (p.offset > 0 && size_of(buffer) == 0) fail("CL_INVALID_BUFFER_SIZE");
        if (p.offset > 0 && p.offset + size_of(buffer) > p.bytes) fail("CL_INVALID_VALUE");
    }
    return reinterpret_cast<float*>(bytes(buffer));
}

}  // namespace atrous::fake_gpu

using namespace atrous::fake_gpu;

extern "C" {

const halide_device_interface_t* halide_cuda_device_interface() {
    return &cuda;
}
const halide_device_interface_t* halide_opencl_device_interface() {
    return &opencl;
}

int halide_device_malloc(void*, halide_buffer_t* buffer, const halide_device_interface_t* interface) {
    if (state.absent) return fail("cuInit failed\n");
    const uint64_t size = size_of(*buffer);
    if (state.allocated.fetch_add(size) + size > state.capacity) {
        state.allocated -= size;
        return fail("cuMemAlloc failed: CUDA_ERROR_OUT_OF_MEMORY\n");
    }
    state.allocations += 1;
    buffer->device = reinterpret_cast<uint64_t>(new Place{static_cast<uint8_t*>(std::malloc(size)), 0, size});
    buffer->device_interface = interface;
    return 0;
}

int halide_device_free(void*, halide_buffer_t* buffer) {
    state.allocated -= size_of(*buffer);
    std::free(place(*buffer).memory);
    delete &place(*buffer);
    buffer->device = 0;
    return 0;
}

int halide_device_crop(void*, const halide_buffer_t* from, halide_buffer_t* to) {
    uint64_t offset = place(*from).offset;
    for (int d = 0; d < from->dimensions; ++d)
        offset += static_cast<uint64_t>(to->dim[d].min - from->dim[d].min) * static_cast<uint64_t>(from->dim[d].stride);
    state.views += 1;
    to->device = reinterpret_cast<uint64_t>(new Place{place(*from).memory, offset, place(*from).bytes});
    to->device_interface = from->device_interface;
    return 0;
}

int halide_device_release_crop(void*, halide_buffer_t* buffer) {
    state.views -= 1;
    delete &place(*buffer);
    buffer->device = 0;
    return 0;
}

int halide_device_sync(void*, halide_buffer_t*) {
    state.waits += 1;
    return state.fails_to_wait ? fail("cuCtxSynchronize failed: CUDA_ERROR_LAUNCH_FAILED") : 0;
}

int halide_copy_to_device(void*, halide_buffer_t* buffer, const halide_device_interface_t*) {
    if (state.fails_to_copy) return fail("cuMemcpyHtoD failed: CUDA_ERROR_ILLEGAL_ADDRESS");
    if (buffer->host_dirty()) std::memcpy(bytes(*buffer), buffer->host, size_of(*buffer));
    return 0;
}

int halide_copy_to_host(void*, halide_buffer_t* buffer) {
    if (buffer->device_dirty()) std::memcpy(buffer->host, bytes(*buffer), size_of(*buffer));
    return 0;
}

int halide_buffer_copy(void*, halide_buffer_t* from, const halide_device_interface_t*, halide_buffer_t* to) {
    std::memcpy(bytes(*to), bytes(*from), size_of(*from));
    return 0;
}

int halide_cuda_compute_capability(void*, int* major, int* minor) {
    *major = state.capability / 10;
    *minor = state.capability % 10;
    return 0;
}

int halide_cuda_acquire_context(void*, void** context, bool) {
    if (state.absent) return fail("cuInit failed\n");
    *context = cuda_context;
    return 0;
}
int halide_cuda_release_context(void*) {
    return 0;
}

void* halide_cuda_get_symbol(void*, const char* name) {
    const auto is = [&](const char* known) { return std::strcmp(name, known) == 0; };
    if (is("cuCtxPushCurrent_v2")) return reinterpret_cast<void*>(push_context);
    if (is("cuCtxPopCurrent_v2")) return reinterpret_cast<void*>(pop_context);
    if (is("cuCtxGetDevice")) return reinterpret_cast<void*>(get_current_device);
    return is("cuDeviceGetName") ? reinterpret_cast<void*>(get_cuda_name) : nullptr;
}

uintptr_t halide_opencl_get_cl_mem(void*, halide_buffer_t*) {
    return 1;
}

void* halide_opencl_get_symbol(void*, const char* name) {
    const auto is = [&](const char* known) { return std::strcmp(name, known) == 0; };
    if (is("clGetPlatformIDs")) return reinterpret_cast<void*>(get_platforms);
    if (is("clGetDeviceIDs")) return reinterpret_cast<void*>(get_devices);
    if (is("clGetPlatformInfo")) return reinterpret_cast<void*>(get_platform_name);
    return reinterpret_cast<void*>(is("clGetDeviceInfo") ? get_device_info : get_handle);
}

void halide_opencl_set_platform_name(const char* name) {
    state.platform_was_chosen = std::strcmp(name, "fake") == 0;
}
void halide_opencl_set_device_type(const char* type) {
    state.gpu_was_chosen = std::strcmp(type, "gpu") == 0;
}

void halide_error(void*, const char* message) {
    atrous::network::note_failure(message);
}
}
