#include "apps/atrous/devices.h"

#include <dlfcn.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace atrous {

namespace {

// A driver's library, kept until the process ends: some do not bear being closed.
class Driver {
  public:
    explicit Driver(std::initializer_list<const char*> names) {
        for (const char* name : names) {
            if (!handle_) handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        }
    }
    explicit operator bool() const { return handle_ != nullptr; }
    template <class Function>
    bool find(Function& function, const char* name) const {
        function = reinterpret_cast<Function>(dlsym(handle_, name));
        return function != nullptr;
    }

  private:
    void* handle_ = nullptr;
};

}  // namespace

std::vector<GpuDevice> cuda_devices() {
    const Driver driver{"libcuda.so.1", "libcuda.so"};
    int (*initialise)(unsigned);
    int (*count_devices)(int*);
    int (*get_name)(char*, int, int);
    int (*get_attribute)(int*, int, int);
    if (!driver || !driver.find(initialise, "cuInit") || !driver.find(count_devices, "cuDeviceGetCount") ||
        !driver.find(get_name, "cuDeviceGetName") || !driver.find(get_attribute, "cuDeviceGetAttribute"))
        return {};
    int count = 0;
    if (initialise(0) != 0 || count_devices(&count) != 0) return {};
    std::vector<GpuDevice> devices;
    for (int device = 0; device < count; ++device) {
        constexpr int major_attribute = 75, minor_attribute = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_…
        std::array<char, 256> name{};
        int major = 0, minor = 0;
        if (get_name(name.data(), name.size(), device) != 0) continue;
        get_attribute(&major, major_attribute, device);
        get_attribute(&minor, minor_attribute, device);
        devices.push_back({name.data(), 10 * major + minor});
    }
    return devices;
}

std::vector<GpuDevice> opencl_devices() {
    const Driver driver{"libOpenCL.so.1", "libOpenCL.so"};
    using Handle = void*;
    int32_t (*get_platforms)(uint32_t, Handle*, uint32_t*);
    int32_t (*get_devices)(Handle, uint64_t, uint32_t, Handle*, uint32_t*);
    int32_t (*get_info)(Handle, uint32_t, size_t, void*, size_t*);
    if (!driver || !driver.find(get_platforms, "clGetPlatformIDs") || !driver.find(get_devices, "clGetDeviceIDs") ||
        !driver.find(get_info, "clGetDeviceInfo"))
        return {};
    constexpr uint64_t every_kind = 0xffffffff;  // CL_DEVICE_TYPE_ALL
    constexpr uint32_t device_name = 0x102b;     // CL_DEVICE_NAME
    constexpr uint32_t most = 16;
    std::array<Handle, most> platforms{}, handles{};
    uint32_t platform_count = 0;
    if (get_platforms(most, platforms.data(), &platform_count) != 0) return {};
    std::vector<GpuDevice> devices;
    for (uint32_t p = 0; p < platform_count && p < most; ++p) {
        uint32_t count = 0;
        if (get_devices(platforms[p], every_kind, most, handles.data(), &count) != 0) continue;
        for (uint32_t d = 0; d < count && d < most; ++d) {
            std::array<char, 256> name{};
            if (get_info(handles[d], device_name, name.size() - 1, name.data(), nullptr) == 0)
                devices.push_back({name.data(), 0});
        }
    }
    return devices;
}

}  // namespace atrous
