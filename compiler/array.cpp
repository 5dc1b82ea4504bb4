#include "compiler/array.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace atrous {

bool is_float(OnnxType type) {
    return type == onnx::TensorProto::FLOAT || type == onnx::TensorProto::DOUBLE ||
           type == onnx::TensorProto::FLOAT16 || type == onnx::TensorProto::BFLOAT16;
}

bool is_integer(OnnxType type) {
    switch (type) {
    case onnx::TensorProto::INT8:
    case onnx::TensorProto::INT16:
    case onnx::TensorProto::INT32:
    case onnx::TensorProto::INT64:
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::UINT16:
    case onnx::TensorProto::UINT32:
    case onnx::TensorProto::UINT64:
    case onnx::TensorProto::BOOL:
        return true;
    default:
        return false;
    }
}

int64_t Array::count() const {
    return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

Array integer_array(std::vector<int64_t> values) {
    const auto count = static_cast<int64_t>(values.size());
    return {onnx::TensorProto::INT64, {count}, std::move(values)};
}

Array size_array(std::vector<Size> values) {
    Array array{onnx::TensorProto::INT64, {static_cast<int64_t>(values.size())}, std::move(values)};
    if (std::optional<std::vector<int64_t>> numbers = integers_of(array)) array.data = std::move(*numbers);
    return array;
}

std::vector<Size> sizes_of(const Array& array) {
    return std::visit([](const auto& elements) { return std::vector<Size>(elements.begin(), elements.end()); },
                      array.data);
}

std::optional<std::vector<int64_t>> integers_of(const Array& array) {
    if (const auto* integers = std::get_if<std::vector<int64_t>>(&array.data)) return *integers;
    std::vector<int64_t> integers;
    for (const Size& size : sizes_of(array)) {
        const std::optional<int64_t> number = size.integer();
        if (!number) return std::nullopt;
        integers.push_back(*number);
    }
    return integers;
}

std::optional<std::vector<float>> floats_of(const Array& array) {
    if (const auto* floats = std::get_if<std::vector<float>>(&array.data)) return *floats;
    if (const auto* integers = std::get_if<std::vector<int64_t>>(&array.data))
        return std::vector<float>(integers->begin(), integers->end());
    std::vector<float> floats;
    for (const Size& size : std::get<std::vector<Size>>(array.data)) {
        if (!size.is_number()) return std::nullopt;
        floats.push_back(static_cast<float>(size.constant()));
    }
    return floats;
}

std::optional<Constant> constant_of(Array array) {
    Constant constant;
    if (is_float(array.type)) {
        if (auto* floats = std::get_if<std::vector<float>>(&array.data)) {
            constant.floats = std::move(*floats);
            return constant;
        }
        std::optional<std::vector<float>> floats = floats_of(array);
        if (!floats) return std::nullopt;
        constant.floats = std::move(*floats);
        return constant;
    }
    std::optional<std::vector<int64_t>> integers = integers_of(array);
    if (!integers) return std::nullopt;
    constant.integers = std::move(*integers);
    return constant;
}

std::vector<int64_t> dense_strides(const std::vector<int64_t>& shape) {
    std::vector<int64_t> strides(shape.size(), 1);
    for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
    return strides;
}

namespace {

template <typename Element>
std::vector<Element> read_strided(const std::vector<Element>& source, const std::vector<int64_t>& shape, int64_t count,
                                  int64_t offset, const std::vector<int64_t>& strides) {
    std::vector<Element> result;
    result.reserve(static_cast<size_t>(count));
    std::vector<int64_t> index(shape.size(), 0);
    for (int64_t done = 0; done < count; ++done) {
        result.push_back(source[static_cast<size_t>(offset)]);
        for (size_t axis = shape.size(); axis-- > 0;) {
            offset += strides[axis];
            if (++index[axis] < shape[axis]) break;
            offset -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    return result;
}

}  // namespace

Array strided(const Array& array, std::vector<int64_t> shape, int64_t offset, const std::vector<int64_t>& strides) {
    Array result{array.type, std::move(shape), {}};
    const int64_t count = result.count();
    std::visit([&](const auto& source) { result.data = read_strided(source, result.shape, count, offset, strides); },
               array.data);
    return result;
}

Array reshaped(Array array, std::vector<int64_t> shape) {
    array.shape = std::move(shape);
    return array;
}

Array transposed(const Array& array, const std::vector<int64_t>& perm) {
    const std::vector<int64_t> source = dense_strides(array.shape);
    std::vector<int64_t> shape, strides;
    for (const int64_t axis : perm) {
        shape.push_back(array.shape[static_cast<size_t>(axis)]);
        strides.push_back(source[static_cast<size_t>(axis)]);
    }
    return strided(array, std::move(shape), 0, strides);
}

Array expanded(const Array& array, const std::vector<int64_t>& shape) {
    const std::vector<int64_t> source = dense_strides(array.shape);
    std::vector<int64_t> strides(shape.size(), 0);
    for (size_t i = 0; i < array.shape.size(); ++i)
        if (array.shape[i] != 1) strides[shape.size() - array.shape.size() + i] = source[i];
    return strided(array, shape, 0, strides);
}

Array taken(const Array& array, size_t axis, const Array& indices) {
    const std::vector<int64_t> index = *integers_of(indices);
    const int64_t extent = array.shape[axis];
    const auto at = array.shape.begin() + static_cast<std::ptrdiff_t>(axis);
    const int64_t inner = std::accumulate(at + 1, array.shape.end(), int64_t{1}, std::multiplies<>());
    const int64_t outer = std::accumulate(array.shape.begin(), at, int64_t{1}, std::multiplies<>());
    Array result{array.type, {array.shape.begin(), at}, {}};
    result.shape.insert(result.shape.end(), indices.shape.begin(), indices.shape.end());
    result.shape.insert(result.shape.end(), at + 1, array.shape.end());
    std::visit(
        [&](const auto& source) {
            std::decay_t<decltype(source)> elements;
            for (int64_t o = 0; o < outer; ++o) {
                for (const int64_t i : index) {
                    const auto first = source.begin() + (o * extent + (i < 0 ? i + extent : i)) * inner;
                    elements.insert(elements.end(), first, first + inner);
                }
            }
            result.data = std::move(elements);
        },
        array.data);
    return result;
}

namespace {

template <typename Element>
std::vector<Element> join(const std::vector<std::vector<Element>>& parts, const std::vector<const Array*>& arrays,
                          size_t axis, int64_t outer) {
    std::vector<Element> elements;
    for (int64_t o = 0; o < outer; ++o) {
        for (size_t p = 0; p < parts.size(); ++p) {
            const auto& shape = arrays[p]->shape;
            const int64_t row = std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(axis), shape.end(),
                                                int64_t{1}, std::multiplies<>());
            elements.insert(elements.end(), parts[p].begin() + o * row, parts[p].begin() + (o + 1) * row);
        }
    }
    return elements;
}

template <typename Element, typename Convert>
std::vector<Element> join_as(const std::vector<const Array*>& arrays, size_t axis, int64_t outer,
                             const Convert& convert) {
    std::vector<std::vector<Element>> parts;
    for (const Array* array : arrays) parts.push_back(convert(*array));
    return join(parts, arrays, axis, outer);
}

}  // namespace

Array concatenated(const std::vector<const Array*>& parts, size_t axis) {
    Array result{parts[0]->type, parts[0]->shape, {}};
    result.shape[axis] = 0;
    for (const Array* part : parts) result.shape[axis] += part->shape[axis];
    const int64_t outer =
        std::accumulate(result.shape.begin(), result.shape.begin() + static_cast<std::ptrdiff_t>(axis), int64_t{1},
                        std::multiplies<>());
    const auto all = [&](size_t kind) {
        return std::all_of(parts.begin(), parts.end(), [=](const Array* part) { return part->data.index() == kind; });
    };
    if (all(0)) {
        result.data = join_as<float>(parts, axis, outer, [](const Array& part) { return *floats_of(part); });
    } else if (all(1)) {
        result.data = join_as<int64_t>(parts, axis, outer, [](const Array& part) { return *integers_of(part); });
    } else {
        result.data = join_as<Size>(parts, axis, outer, [](const Array& part) { return sizes_of(part); });
    }
    return result;
}

}  // namespace atrous
