// The buffers of the naive kernels: views into memory, every access checked where the memory is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/plan.h"

namespace atrous::reference {

using plan::ElementType;

// Memory that views point into, for those who want accesses checked: reads and writes outside it, and reads of bytes
// that nobody wrote.
struct Storage {
    std::string name;  // for messages
    std::byte* data = nullptr;
    size_t bytes = 0;
    std::vector<uint8_t> written;  // 1 or 0 for each byte; empty: everything counts as written
    bool read_only = false;
};

struct Dim {
    int64_t min = 0, extent = 1, stride = 0;  // stride in elements
};

// A buffer argument, innermost dimension first; `data` is where coordinate (min, min, …) lies.
struct View {
    void* data = nullptr;
    ElementType element = ElementType::f32;
    std::vector<Dim> dims;
    Storage* storage = nullptr;  // null: unchecked
};

// An access that the kernel's contract forbids, or arguments that do not fit the spec.
struct Violation : std::logic_error {
    using std::logic_error::logic_error;
};

// A dense view of `data`, extents innermost first.
View dense(void* data, ElementType element, const std::vector<int64_t>& extents);

// Where `bytes` bytes at a coordinate lie, innermost first, checked as a read or a write. They may lie outside the
// described extents (a halo), never outside the storage.
std::byte* address(const View& view, std::initializer_list<int64_t> index, size_t bytes, bool write);

// The element there. Stored values are converted as a C++ compiler for x86 does; out-of-range values do not occur in
// tests.
double load(const View& view, std::initializer_list<int64_t> index);
void store(const View& view, std::initializer_list<int64_t> index, double value);

}  // namespace atrous::reference
