// Every kernel of generators/kernel_spec.h written down as naively as its contract: loops over the output, sums in
// double precision, no target, no Halide. The reference for schedule tests and for the plan interpreter beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "generators/kernel_spec.h"

namespace atrous::reference {

// Memory that views point into, for those who want accesses checked: reads and writes outside it, and reads of bytes
// that nobody wrote.
struct Storage {
    std::string name;  // for messages
    std::byte* data = nullptr;
    size_t bytes = 0;
    std::vector<bool> written;  // one per byte; empty: everything counts as written
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

using Arg = std::variant<View, int32_t, float>;

// An access that the kernel's contract forbids, or arguments that do not fit the spec.
struct Violation : std::logic_error {
    using std::logic_error::logic_error;
};

// A dense view of `data`, extents innermost first.
View dense(void* data, ElementType element, const std::vector<int64_t>& extents);

// functions.h, in double precision.
double apply_function(ElementwiseFunction function, double x, double y, double z, double alpha, double beta);
// Where position `i` of a padded axis comes from; -1 for the constant.
int64_t padded_coordinate(PadMode mode, int64_t i, int64_t extent);
// Where output coordinate i of a resized axis lies in the input, in single precision as everyone computes it: at ties
// of `nearest` the rounding decides which pixel is taken.
float source_coordinate(ResizeCoordinates coordinates, int64_t i, int64_t length_in, int64_t length_out, float scale);
int64_t nearest_coordinate(NearestRounding rounding, float at);

// Arguments in the order of kernel_spec.h. Throws Violation.
void run_reference(const KernelSpec& spec, std::span<const Arg> args);

}  // namespace atrous::reference
