#include "tests/reference/view.h"

#include <cstring>

namespace atrous::reference {
namespace {

template <class T>
T read(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
}

template <class T>
void write(std::byte* to, T value) {
    std::memcpy(to, &value, sizeof(T));
}

}  // namespace

std::byte* address(const View& view, std::initializer_list<int64_t> index, size_t bytes, bool write) {
    if (index.size() != view.dims.size())
        throw Violation("a buffer has rank " + std::to_string(view.dims.size()) + ", the spec wants " +
                        std::to_string(index.size()));
    int64_t offset = 0;
    const Dim* dim = view.dims.data();
    for (int64_t i : index) {
        offset += (i - dim->min) * dim->stride;
        ++dim;
    }
    std::byte* result = static_cast<std::byte*>(view.data) + offset * static_cast<int64_t>(bytes);
    Storage* storage = view.storage;
    if (!storage) return result;
    if (result < storage->data || result + bytes > storage->data + storage->bytes)
        throw Violation(std::string(write ? "write" : "read") + " outside " + storage->name + " at byte " +
                        std::to_string(result - storage->data) + " of " + std::to_string(storage->bytes));
    const size_t first = static_cast<size_t>(result - storage->data);
    if (write && storage->read_only) throw Violation("write into the constant " + storage->name);
    if (storage->written.empty()) return result;
    uint8_t* written = storage->written.data() + first;
    if (write)
        std::memset(written, 1, bytes);
    else if (const auto* unwritten = static_cast<uint8_t*>(std::memchr(written, 0, bytes)))
        throw Violation("read of " + storage->name + " at byte " + std::to_string(unwritten - storage->written.data()) +
                        ", which nobody wrote");
    return result;
}

double load(const View& view, std::initializer_list<int64_t> index) {
    const std::byte* from = address(view, index, plan::size_of(view.element), false);
    switch (view.element) {
    case ElementType::f32:
        return read<float>(from);
    case ElementType::f64:
        return read<double>(from);
    case ElementType::i64:
        return static_cast<double>(read<int64_t>(from));
    case ElementType::i32:
        return read<int32_t>(from);
    case ElementType::i8:
        return read<int8_t>(from);
    case ElementType::u8:
    case ElementType::boolean:
        return read<uint8_t>(from);
    case ElementType::f16:
        break;
    }
    throw Violation("f16 buffers are not read by any kernel");
}

void store(const View& view, std::initializer_list<int64_t> index, double value) {
    std::byte* to = address(view, index, plan::size_of(view.element), true);
    switch (view.element) {
    case ElementType::f32:
        return write(to, static_cast<float>(value));
    case ElementType::f64:
        return write(to, value);
    case ElementType::i64:
        return write(to, static_cast<int64_t>(value));
    case ElementType::i32:
        return write(to, static_cast<int32_t>(value));
    case ElementType::i8:
        return write(to, static_cast<int8_t>(static_cast<int64_t>(value)));
    case ElementType::u8:
        return write(to, static_cast<uint8_t>(static_cast<int64_t>(value)));
    case ElementType::boolean:
        return write(to, static_cast<uint8_t>(value != 0));
    case ElementType::f16:
        break;
    }
    throw Violation("f16 buffers are not written by any kernel");
}

View dense(void* data, ElementType element, const std::vector<int64_t>& extents) {
    View view{data, element, {}, nullptr};
    int64_t stride = 1;
    for (int64_t extent : extents) {
        view.dims.push_back({0, extent, stride});
        stride *= extent;
    }
    return view;
}

}  // namespace atrous::reference
