#include "runtime/opencl_device.h"

#include <HalideRuntimeOpenCL.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// Of Halide's runtime too, but not in its headers.
extern "C" void* halide_opencl_get_symbol(void* user_context, const char* name);

namespace atrous::network {

namespace {

// Numbers of OpenCL's headers.
constexpr uint32_t platform_name = 0x0902, memory_context = 0x1106, context_devices = 0x1081;
constexpr uint32_t device_type = 0x1000, device_alignment = 0x1019, device_local_memory = 0x1023,
                   device_work_group = 0x1004, device_name = 0x102b, device_doubles = 0x1032;
constexpr uint64_t type_cpu = 1 << 1, type_gpu = 1 << 2;

template <class Function>
Function find(const char* name) {
    return reinterpret_cast<Function>(halide_opencl_get_symbol(nullptr, name));
}

// OpenCL's clGet…Info functions all look like this.
using GetInfo = int32_t (*)(void* object, uint32_t what, size_t bytes, void* value, size_t* used);

bool get_info(const char* function, void* object, uint32_t what, size_t bytes, void* value) {
    const auto get = find<GetInfo>(function);
    return get && get(object, what, bytes, value, nullptr) == 0;
}

// A fact about the device that has this memory.
bool get_device_info(void* memory, uint32_t what, size_t bytes, void* value) {
    void *context = nullptr, *device = nullptr;
    return get_info("clGetMemObjectInfo", memory, memory_context, sizeof context, &context) &&
           get_info("clGetContextInfo", context, context_devices, sizeof device, &device) &&
           get_info("clGetDeviceInfo", device, what, bytes, value);
}

// A number of any size; 0 where it cannot be had.
uint64_t fact(void* memory, uint32_t what, size_t bytes) {
    uint64_t value = 0;  // little-endian
    return get_device_info(memory, what, bytes, &value) ? value : 0;
}

}  // namespace

void choose_opencl_device() {
    if (std::getenv("HL_OCL_PLATFORM_NAME") || std::getenv("HL_OCL_DEVICE_TYPE")) return;
    const auto get_platforms = find<int32_t (*)(uint32_t, void**, uint32_t*)>("clGetPlatformIDs");
    const auto get_devices = find<int32_t (*)(void*, uint64_t, uint32_t, void**, uint32_t*)>("clGetDeviceIDs");
    constexpr uint32_t most = 4;  // that Halide looks at
    void* platforms[most] = {};
    uint32_t count = 0;
    if (!get_platforms || !get_devices || get_platforms(most, platforms, &count) != 0) return;
    for (uint32_t i = 0; i < count && i < most; ++i) {
        uint32_t gpus = 0;
        char name[256] = {};
        if (get_devices(platforms[i], type_gpu, 0, nullptr, &gpus) != 0 || gpus == 0) continue;
        if (!get_info("clGetPlatformInfo", platforms[i], platform_name, sizeof name - 1, name)) continue;
        halide_opencl_set_platform_name(name);
        halide_opencl_set_device_type("gpu");
        return;
    }
}

bool is_cpu(void* memory) {
    return (fact(memory, device_type, sizeof(uint64_t)) & type_cpu) != 0;
}

const char* name_of(void* memory) {
    thread_local char name[256];
    return get_device_info(memory, device_name, sizeof name - 1, name) ? name : nullptr;
}

const char* missing_of(void* memory) {
    if (fact(memory, device_doubles, sizeof(uint64_t)) == 0) return "the OpenCL device has no double precision";
    if (fact(memory, device_local_memory, sizeof(uint64_t)) < 32 << 10)
        return "the OpenCL device has less than 32 KiB of local memory";
    if (fact(memory, device_work_group, sizeof(size_t)) < 256)
        return "the OpenCL device takes less than 256 work items in a group";
    if (fact(memory, device_alignment, sizeof(uint32_t)) > 8 * 512)
        return "the OpenCL device takes no parts of buffers that begin at multiples of 512 bytes";
    return nullptr;
}

}  // namespace atrous::network
