// Tensors whose elements are known while importing: weights, and the shape arithmetic that exporters leave in a graph,
// whose elements may be symbolic sizes. Dense, row-major.
#pragma once

#include <onnx.pb.h>

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "compiler/ir.h"
#include "compiler/size.h"

namespace atrous {

using OnnxType = onnx::TensorProto::DataType;

bool is_float(OnnxType type);    // float, double, float16, bfloat16
bool is_integer(OnnxType type);  // signed and unsigned integers, bool

struct Array {
    OnnxType type = onnx::TensorProto::FLOAT;
    std::vector<int64_t> shape;
    // Floats, integers and booleans as themselves; anything symbolic as sizes, and doubles too where they are few.
    std::variant<std::vector<float>, std::vector<int64_t>, std::vector<Size>> data;

    int64_t count() const;
    int64_t rank() const { return static_cast<int64_t>(shape.size()); }
};

Array integer_array(std::vector<int64_t> values);  // one axis
Array size_array(std::vector<Size> values);        // one axis, int64

// Elements as sizes; every element type has a size of the same value.
std::vector<Size> sizes_of(const Array& array);
// Elements as whole numbers, if all are.
std::optional<std::vector<int64_t>> integers_of(const Array& array);
// Elements as single-precision numbers, if all are numbers.
std::optional<std::vector<float>> floats_of(const Array& array);
// As the network keeps constants; nothing where elements are symbolic.
std::optional<Constant> constant_of(Array array);

// Moving elements. `strided` reads element offset + Σ index·stride for every index of `shape`.
Array strided(const Array& array, std::vector<int64_t> shape, int64_t offset, const std::vector<int64_t>& strides);
Array reshaped(Array array, std::vector<int64_t> shape);  // the same number of elements
Array transposed(const Array& array, const std::vector<int64_t>& perm);
Array expanded(const Array& array, const std::vector<int64_t>& shape);  // broadcast, as numpy does
Array taken(const Array& array, size_t axis, const Array& indices);     // Gather; indices in range
Array concatenated(const std::vector<const Array*>& parts, size_t axis);
std::vector<int64_t> dense_strides(const std::vector<int64_t>& shape);

// Arithmetic, element by element, with numpy broadcasting; integers wrap, as they do in every runtime. Throws
// std::domain_error for an integer division by zero.
enum class HostFunction {
    add,
    sub,
    mul,
    div,
    mod,
    fmod,
    min,
    max,
    pow,
    equal,
    less,
    greater,
    logical_and,
    logical_or,
    where,
    neg,
    abs,
    sqrt,
    exp,
    log,
    floor,
    ceil,
    round,
    reciprocal,
    sign,
    logical_not,
    erf,
    sigmoid,
    tanh,
    relu
};
Array computed(HostFunction function, const std::vector<const Array*>& operands);
Array cast(const Array& array, OnnxType type);
// The shape that numpy broadcasting gives, if it is legal.
std::optional<std::vector<int64_t>> broadcast_shape(const std::vector<const Array*>& operands);

}  // namespace atrous
