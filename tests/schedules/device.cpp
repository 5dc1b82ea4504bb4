#include "tests/schedules/device.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "Halide.h"
#include "HalideRuntimeOpenCL.h"

namespace atrous {

namespace {

constexpr char target[] = "x86-64-linux-opencl-cl_doubles";

halide_buffer_t bytes_buffer(uint8_t* host, halide_dimension_t& dim) {
    halide_buffer_t buffer{};
    buffer.host = host;
    buffer.type = halide_type_of<uint8_t>();
    buffer.dimensions = 1;
    buffer.dim = &dim;
    return buffer;
}

// Halide's runtime, which kernels for a GPU call. Made once, and loaded so that they find it.
class Runtime {
  public:
    static const Runtime& get() {
        static const Runtime runtime;
        return runtime;
    }

    decltype(&halide_opencl_device_interface) opencl;
    decltype(&halide_device_malloc) device_malloc;
    decltype(&halide_device_free) device_free;
    decltype(&halide_device_crop) device_crop;
    decltype(&halide_device_release_crop) release_crop;
    decltype(&halide_copy_to_device) copy_to_device;
    decltype(&halide_copy_to_host) copy_to_host;

    std::string why_not;  // there is no device; empty where there is one

    static std::string& last_error() {
        static std::string text;
        return text;
    }

  private:
    Runtime() {
        const auto base = std::filesystem::temp_directory_path() / ("atrous-device-" + std::to_string(getpid()));
        const std::string object = base.string() + ".o", library = base.string() + ".so";
        Halide::compile_standalone_runtime(object, Halide::Target(target));
        if (std::system(("cc -shared -o " + library + " " + object + " -lpthread -ldl").c_str()) != 0)
            throw std::runtime_error("Halide's runtime cannot be linked");
        void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL);
        std::filesystem::remove(object);
        std::filesystem::remove(library);
        if (!handle) throw std::runtime_error(dlerror());
        find(handle, opencl, "halide_opencl_device_interface");
        find(handle, device_malloc, "halide_device_malloc");
        find(handle, device_free, "halide_device_free");
        find(handle, device_crop, "halide_device_crop");
        find(handle, release_crop, "halide_device_release_crop");
        find(handle, copy_to_device, "halide_copy_to_device");
        find(handle, copy_to_host, "halide_copy_to_host");
        decltype(&halide_set_error_handler) set_error_handler;
        find(handle, set_error_handler, "halide_set_error_handler");
        set_error_handler([](void*, const char* message) { last_error() = message; });

        uint8_t byte = 0;
        halide_dimension_t dim{0, 1, 1};
        halide_buffer_t buffer = bytes_buffer(&byte, dim);
        if (device_malloc(nullptr, &buffer, opencl())) {
            why_not = last_error();
            std::fprintf(stderr, "SKIP kernels for GPUs: no OpenCL device (%s)\n", why_not.c_str());
        } else {
            device_free(nullptr, &buffer);
        }
    }

    template <class Function>
    static void find(void* handle, Function& function, const char* name) {
        function = reinterpret_cast<Function>(dlsym(handle, name));
        if (!function) throw std::runtime_error(dlerror());
    }
};

void check(int error, const char* step) {
    if (error) throw std::runtime_error(std::string(step) + ": " + Runtime::last_error());
}
}  // namespace

std::optional<std::string> opencl_target() {
    if (std::getenv("ATROUS_TEST_TARGET")) return {};
    if (Runtime::get().why_not.empty()) return target;
    return {};
}

std::string take_device_error() {
    return std::exchange(Runtime::last_error(), {});
}

DeviceMemory::DeviceMemory(const reference::View& view) : storage_(*view.storage) {
    constexpr size_t alignment = 128;  // of what OpenCL may cut out of a buffer, on all devices there are
    const size_t begin = static_cast<size_t>(static_cast<std::byte*>(view.data) - storage_.data);
    shift_ = alignment - begin % alignment;
    // Twice: what OpenCL cuts out begins where the view does and is as long, also where a stride is negative.
    bytes_.resize(shift_ + 2 * storage_.bytes);
    std::memcpy(bytes_.data() + shift_, storage_.data, storage_.bytes);

    const Runtime& runtime = Runtime::get();
    whole_dim_ = {0, int(bytes_.size()), 1};
    whole_ = bytes_buffer(bytes_.data(), whole_dim_);
    whole_.set_host_dirty();
    check(runtime.copy_to_device(nullptr, &whole_, runtime.opencl()), "copying to the device");
    view_dim_ = {int(shift_ + begin), int(bytes_.size() - shift_ - begin), 1};
    view_ = bytes_buffer(bytes_.data() + shift_ + begin, view_dim_);
    check(runtime.device_crop(nullptr, &whole_, &view_), "a view on the device");
}

DeviceMemory::~DeviceMemory() {
    Runtime::get().release_crop(nullptr, &view_);
    Runtime::get().device_free(nullptr, &whole_);
}

void DeviceMemory::attach_to(halide_buffer_t& buffer) const {
    buffer.device = view_.device;
    buffer.device_interface = view_.device_interface;
}

void DeviceMemory::read_back() {
    whole_.set_device_dirty();
    check(Runtime::get().copy_to_host(nullptr, &whole_), "copying from the device");
    std::memcpy(storage_.data, bytes_.data() + shift_, storage_.bytes);
}

}  // namespace atrous
