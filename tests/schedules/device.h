// Runs kernels that are made for a GPU: on the OpenCL device of this machine, which may be PoCL's, its CPU.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "HalideRuntime.h"
#include "tests/reference/view.h"

namespace atrous {

// The target of such kernels, where there is a device. Otherwise nothing, and the reason on stderr. Nothing as well
// where ATROUS_TEST_TARGET names the targets to test.
std::optional<std::string> opencl_target();

// What went wrong on the device since the last call: kernels are made without asserts and do not return it.
std::string take_device_error();

// The memory that a view points into, on the device, halos and guards included.
class DeviceMemory {
  public:
    explicit DeviceMemory(const reference::View& view);
    ~DeviceMemory();
    DeviceMemory(const DeviceMemory&) = delete;
    DeviceMemory& operator=(const DeviceMemory&) = delete;

    void attach_to(halide_buffer_t& buffer) const;  // which then begins where the view does
    void read_back();

  private:
    const reference::Storage& storage_;
    size_t shift_;  // of the storage within the device's memory, so that the view begins at a multiple of 128 bytes
    std::vector<uint8_t> bytes_;
    halide_dimension_t whole_dim_{}, view_dim_{};
    halide_buffer_t whole_{}, view_{};
};

}  // namespace atrous
