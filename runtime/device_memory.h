// Memory of a GPU, by way of Halide's runtime, and views into it. Whatever fails there is heard of by halide_error
// (device_runtime.cpp), and kept for the thread that it happened to.
#pragma once

#include <HalideRuntime.h>

#include <cstdint>

namespace atrous::network {

struct Device;

// What the driver said to this thread since forget_failure(); "" for nothing. Kernels do not return what failed in
// them.
const char* failure();
void forget_failure();
void note_failure(const char* text);
// The error that a failure is: of memory, or of anything else.
int failure_code();

class DeviceMemory {
  public:
    DeviceMemory() = default;
    ~DeviceMemory();
    DeviceMemory(const DeviceMemory&) = delete;
    DeviceMemory& operator=(const DeviceMemory&) = delete;

    bool allocate(const Device& device, uint64_t bytes);
    void free();
    uint64_t bytes() const { return bytes_; }
    halide_buffer_t& buffer() { return buffer_; }  // all of it

    // Makes `view`, which has its type and dimensions and nothing on a device yet, begin `offset` bytes from the start.
    // A view is to be released.
    bool attach(uint64_t offset, halide_buffer_t& view) const;
    static void release(halide_buffer_t& view);

    // `count` elements of so many bytes each, from and to memory of the host.
    bool write(uint64_t offset, const void* from, uint32_t element, int32_t count) const;
    bool read(uint64_t offset, void* to, uint32_t element, int32_t count) const;
    // Until all that was started on its device is done.
    bool wait();
    // On the device.
    static bool copy(const DeviceMemory& from, uint64_t from_offset, const DeviceMemory& to, uint64_t to_offset,
                     uint32_t element, int32_t count);

  private:
    class Elements;

    const halide_device_interface_t* interface_ = nullptr;
    uint64_t bytes_ = 0;
    halide_dimension_t dims_[2] = {};
    halide_buffer_t buffer_ = {};
};

}  // namespace atrous::network
