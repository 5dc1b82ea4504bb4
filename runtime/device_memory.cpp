#include "runtime/device_memory.h"

#include <cstdio>
#include <cstring>

#include "runtime/abi.h"
#include "runtime/network_device.h"

namespace atrous::network {

namespace {

// Bytes are counted in two dimensions: one alone would end at 2 GiB.
constexpr int32_t row = 1 << 20;

constexpr halide_type_t byte_type = {halide_type_uint, 8, 1};

thread_local char said[400];

bool has_said(const char* word) {
    return std::strstr(said, word) != nullptr;
}

void add_to_failure(const char* text) {
    const size_t length = std::strlen(said);
    std::snprintf(said + length, sizeof said - length, "%s", text);
}

}  // namespace

const char* failure() {
    return said;
}

// What came first is the cause. Halide ends lines.
void note_failure(const char* text) {
    if (said[0]) return;
    std::snprintf(said, sizeof said, "%s", text);
    for (char* c = said; *c; ++c) {
        if (*c == '\n') *c = c[1] ? ' ' : '\0';
    }
}

void forget_failure() {
    said[0] = '\0';
}

// In the drivers' words. A launch that takes too many registers or threads is no lack of memory.
int failure_code() {
    const bool memory = has_said("OUT_OF_MEMORY") || has_said("ALLOCATION_FAILURE");
    return memory ? ATROUS_DEVICE_MEMORY : ATROUS_DEVICE_FAILED;
}

DeviceMemory::~DeviceMemory() {
    free();
}

void DeviceMemory::free() {
    if (buffer_.device) halide_device_free(nullptr, &buffer_);
    buffer_ = {};
    bytes_ = 0;
}

bool DeviceMemory::allocate(const Device& device, uint64_t bytes) {
    free();
    interface_ = device.interface();
    const uint64_t rows = (bytes + row - 1) / row;
    if (rows > INT32_MAX) {
        note_failure("OUT_OF_MEMORY");
        return false;
    }
    dims_[0] = {0, rows > 1 ? row : static_cast<int32_t>(bytes > 0 ? bytes : 1), 1};
    dims_[1] = {0, static_cast<int32_t>(rows > 0 ? rows : 1), row};
    buffer_.type = byte_type;
    buffer_.dimensions = 2;
    buffer_.dim = dims_;
    if (halide_device_malloc(nullptr, &buffer_, interface_) != 0 || !buffer_.device) {
        // Whatever OpenCL says of a buffer that it does not make: INVALID_BUFFER_SIZE, OUT_OF_RESOURCES.
        if (has_said("INVALID_BUFFER_SIZE") || has_said("OUT_OF_RESOURCES")) add_to_failure(" (OUT_OF_MEMORY)");
        return false;
    }
    bytes_ = bytes;
    return true;
}

bool DeviceMemory::attach(uint64_t offset, halide_buffer_t& view) const {
    halide_dimension_t dims[2] = {{static_cast<int32_t>(offset % row), 1, 1},
                                  {static_cast<int32_t>(offset / row), 1, row}};
    halide_buffer_t part = buffer_;
    part.device = 0;
    part.device_interface = nullptr;
    part.dim = dims;
    if (halide_device_crop(nullptr, &buffer_, &part) != 0) return false;
    view.device = part.device;
    view.device_interface = part.device_interface;
    return true;
}

void DeviceMemory::release(halide_buffer_t& view) {
    if (view.device) halide_device_release_crop(nullptr, &view);
    view.flags = 0;  // kernels say that they have written there
}

// So many elements one behind the other.
class DeviceMemory::Elements {
  public:
    Elements(const DeviceMemory& memory, uint64_t offset, uint32_t element, int32_t count) : dim_{0, count, 1} {
        buffer.type = {halide_type_uint, static_cast<uint8_t>(8 * element), 1};
        buffer.dimensions = 1;
        buffer.dim = &dim_;
        attached = memory.attach(offset, buffer);
    }
    ~Elements() { release(buffer); }
    Elements(const Elements&) = delete;
    Elements& operator=(const Elements&) = delete;

    halide_buffer_t buffer = {};
    bool attached;

  private:
    halide_dimension_t dim_;
};

bool DeviceMemory::write(uint64_t offset, const void* from, uint32_t element, int32_t count) const {
    if (count == 0) return true;
    Elements elements(*this, offset, element, count);
    if (!elements.attached) return false;
    elements.buffer.host = static_cast<uint8_t*>(const_cast<void*>(from));  // which is only read
    elements.buffer.set_host_dirty();
    return halide_copy_to_device(nullptr, &elements.buffer, interface_) == 0;
}

bool DeviceMemory::read(uint64_t offset, void* to, uint32_t element, int32_t count) const {
    if (count == 0) return true;
    Elements elements(*this, offset, element, count);
    if (!elements.attached) return false;
    elements.buffer.host = static_cast<uint8_t*>(to);
    elements.buffer.set_device_dirty();
    return halide_copy_to_host(nullptr, &elements.buffer) == 0;
}

bool DeviceMemory::wait() {
    return !buffer_.device || halide_device_sync(nullptr, &buffer_) == 0;
}

bool DeviceMemory::copy(const DeviceMemory& from, uint64_t from_offset, const DeviceMemory& to, uint64_t to_offset,
                        uint32_t element, int32_t count) {
    Elements source(from, from_offset, element, count), target(to, to_offset, element, count);
    if (!source.attached || !target.attached) return false;
    return halide_buffer_copy(nullptr, &source.buffer, to.interface_, &target.buffer) == 0;
}

}  // namespace atrous::network
