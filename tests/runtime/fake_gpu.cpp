#include "fake_gpu.h"

#include <HalideRuntimeCuda.h>
#include <HalideRuntimeOpenCL.h>

#include <cstdlib>
#include <cstring>

extern "C" void halide_error(void* user_context, const char* message);

namespace atrous::fake_gpu {

namespace {

struct Place {
    uint8_t* memory;
    uint64_t offset;
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

// Dimensions are those of the whole buffer, or of dense vectors.
uint64_t size_of(const halide_buffer_t& buffer) {
    return buffer.size_in_bytes();
}

int32_t get_memory_info(void*, uint32_t, size_t, void* value, size_t*) {
    std::memset(value, 1, sizeof(void*));
    return 0;
}
int32_t get_device_type(void*, uint32_t, size_t, void* value, size_t*) {
    const uint64_t type = state.is_cpu ? 2 : 4;
    std::memcpy(value, &type, sizeof type);
    return 0;
}

}  // namespace

float* data(halide_buffer_t& buffer) {
    if (buffer.device_interface == &opencl && place(buffer).offset % 512 != 0) fail("CL_MISALIGNED_SUB_BUFFER_OFFSET");
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
    buffer->device = reinterpret_cast<uint64_t>(new Place{static_cast<uint8_t*>(std::malloc(size)), 0});
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
    to->device = reinterpret_cast<uint64_t>(new Place{place(*from).memory, offset});
    to->device_interface = from->device_interface;
    return 0;
}

int halide_device_release_crop(void*, halide_buffer_t* buffer) {
    state.views -= 1;
    delete &place(*buffer);
    buffer->device = 0;
    return 0;
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

uintptr_t halide_opencl_get_cl_mem(void*, halide_buffer_t*) {
    return 1;
}

void* halide_opencl_get_symbol(void*, const char* name) {
    return reinterpret_cast<void*>(std::strcmp(name, "clGetDeviceInfo") == 0 ? get_device_type : get_memory_info);
}
}
