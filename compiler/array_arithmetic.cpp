#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "compiler/array.h"

namespace atrous {

namespace {

float apply(HostFunction function, const float* v) {
    switch (function) {
    case HostFunction::add:
        return v[0] + v[1];
    case HostFunction::sub:
        return v[0] - v[1];
    case HostFunction::mul:
        return v[0] * v[1];
    case HostFunction::div:
        return v[0] / v[1];
    case HostFunction::mod:
        return v[0] - v[1] * std::floor(v[0] / v[1]);
    case HostFunction::fmod:
        return std::fmod(v[0], v[1]);
    case HostFunction::min:
        return std::min(v[0], v[1]);
    case HostFunction::max:
        return std::max(v[0], v[1]);
    case HostFunction::pow:
        return std::pow(v[0], v[1]);
    case HostFunction::equal:
        return v[0] == v[1];
    case HostFunction::less:
        return v[0] < v[1];
    case HostFunction::greater:
        return v[0] > v[1];
    case HostFunction::logical_and:
        return v[0] != 0 && v[1] != 0;
    case HostFunction::logical_or:
        return v[0] != 0 || v[1] != 0;
    case HostFunction::where:
        return v[0] != 0 ? v[1] : v[2];
    case HostFunction::neg:
        return -v[0];
    case HostFunction::abs:
        return std::abs(v[0]);
    case HostFunction::sqrt:
        return std::sqrt(v[0]);
    case HostFunction::exp:
        return std::exp(v[0]);
    case HostFunction::log:
        return std::log(v[0]);
    case HostFunction::floor:
        return std::floor(v[0]);
    case HostFunction::ceil:
        return std::ceil(v[0]);
    case HostFunction::round:
        return std::nearbyint(v[0]);
    case HostFunction::reciprocal:
        return 1 / v[0];
    case HostFunction::sign:
        return static_cast<float>((v[0] > 0) - (v[0] < 0));
    case HostFunction::logical_not:
        return v[0] == 0;
    case HostFunction::erf:
        return std::erf(v[0]);
    case HostFunction::sigmoid:
        return 1 / (1 + std::exp(-v[0]));
    case HostFunction::tanh:
        return std::tanh(v[0]);
    case HostFunction::relu:
        return std::max(v[0], 0.0f);
    }
    return 0;
}

// Out of range is the nearest, not a number is 0: the conversions that C++ leaves undefined.
int64_t to_integer(double value) {
    if (std::isnan(value)) return 0;
    if (value >= 9223372036854775807.0) return std::numeric_limits<int64_t>::max();
    if (value <= -9223372036854775808.0) return std::numeric_limits<int64_t>::min();
    return static_cast<int64_t>(value);
}

int64_t wrapped(uint64_t value) {
    return static_cast<int64_t>(value);
}

int64_t quotient(int64_t a, int64_t b) {
    if (b == 0) throw std::domain_error("an integer is divided by zero");
    return b == -1 ? wrapped(0 - static_cast<uint64_t>(a)) : a / b;
}

int64_t remainder(int64_t a, int64_t b, bool sign_of_divisor) {
    if (b == 0) throw std::domain_error("an integer is divided by zero");
    if (b == -1) return 0;
    const int64_t rest = a % b;
    return sign_of_divisor && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

int64_t apply(HostFunction function, const int64_t* v) {
    const auto a = static_cast<uint64_t>(v[0]);
    switch (function) {
    case HostFunction::add:
        return wrapped(a + static_cast<uint64_t>(v[1]));
    case HostFunction::sub:
        return wrapped(a - static_cast<uint64_t>(v[1]));
    case HostFunction::mul:
        return wrapped(a * static_cast<uint64_t>(v[1]));
    case HostFunction::div:
        return quotient(v[0], v[1]);
    case HostFunction::mod:
        return remainder(v[0], v[1], true);
    case HostFunction::fmod:
        return remainder(v[0], v[1], false);
    case HostFunction::min:
        return std::min(v[0], v[1]);
    case HostFunction::max:
        return std::max(v[0], v[1]);
    case HostFunction::pow:
        return to_integer(std::pow(static_cast<double>(v[0]), static_cast<double>(v[1])));
    case HostFunction::equal:
        return v[0] == v[1];
    case HostFunction::less:
        return v[0] < v[1];
    case HostFunction::greater:
        return v[0] > v[1];
    case HostFunction::logical_and:
        return v[0] != 0 && v[1] != 0;
    case HostFunction::logical_or:
        return v[0] != 0 || v[1] != 0;
    case HostFunction::where:
        return v[0] != 0 ? v[1] : v[2];
    case HostFunction::neg:
        return wrapped(0 - a);
    case HostFunction::abs:
        return v[0] < 0 ? wrapped(0 - a) : v[0];
    case HostFunction::sign:
        return (v[0] > 0) - (v[0] < 0);
    case HostFunction::logical_not:
        return v[0] == 0;
    case HostFunction::relu:
        return std::max<int64_t>(v[0], 0);
    case HostFunction::floor:
    case HostFunction::ceil:
    case HostFunction::round:
        return v[0];
    default:
        throw std::domain_error("the operator is not defined for integers");
    }
}

Size negated(const Size& truth) {
    return Size(1) - truth;
}
Size truth(const Size& value) {
    return negated(equals(value, 0));
}

// The exact result; the caller rounds it where the element type does.
Size apply_exactly(HostFunction function, const Size* v, bool integers) {
    switch (function) {
    case HostFunction::add:
        return v[0] + v[1];
    case HostFunction::sub:
        return v[0] - v[1];
    case HostFunction::mul:
        return v[0] * v[1];
    case HostFunction::div:
        return integers ? trunc_div(v[0], v[1]) : divide(v[0], v[1]);
    case HostFunction::mod:
        return modulo(v[0], v[1]);
    case HostFunction::fmod:
        return v[0] - v[1] * trunc_div(v[0], v[1]);
    case HostFunction::min:
        return minimum(v[0], v[1]);
    case HostFunction::max:
        return maximum(v[0], v[1]);
    case HostFunction::equal:
        return equals(v[0], v[1]);
    case HostFunction::less:
        return less(v[0], v[1]);
    case HostFunction::greater:
        return less(v[1], v[0]);
    case HostFunction::logical_and:
        return truth(v[0]) * truth(v[1]);
    case HostFunction::logical_or:
        return maximum(truth(v[0]), truth(v[1]));
    case HostFunction::where:
        return select(v[0], v[1], v[2]);
    case HostFunction::neg:
        return Size(0) - v[0];
    case HostFunction::abs:
        return maximum(v[0], Size(0) - v[0]);
    case HostFunction::sqrt:
        return sqrt_of(v[0]);
    case HostFunction::floor:
        return floor_of(v[0]);
    case HostFunction::ceil:
        return ceil_of(v[0]);
    case HostFunction::round:
        return round_even(v[0]);
    case HostFunction::reciprocal:
        return divide(1, v[0]);
    case HostFunction::logical_not:
        return equals(v[0], 0);
    case HostFunction::relu:
        return maximum(v[0], 0);
    default:
        break;
    }
    if (v[0].is_number() && (function != HostFunction::pow || v[1].is_number())) {
        const float numbers[] = {static_cast<float>(v[0].constant()),
                                 function == HostFunction::pow ? static_cast<float>(v[1].constant()) : 0.0f};
        return static_cast<double>(apply(function, numbers));
    }
    if (function == HostFunction::pow && v[1] == Size(2)) return v[0] * v[0];
    throw std::domain_error("the operator is not supported on sizes that depend on the input");
}

template <typename Element, typename Function>
std::vector<Element> apply_all(const std::vector<std::vector<Element>>& operands, const Function& function) {
    std::vector<Element> result(operands[0].size());
    Element values[3]{};
    for (size_t i = 0; i < result.size(); ++i) {
        for (size_t k = 0; k < operands.size(); ++k) values[k] = operands[k][i];
        result[i] = function(values);
    }
    return result;
}

bool gives_bool(HostFunction function) {
    return (function >= HostFunction::equal && function <= HostFunction::logical_or) ||
           function == HostFunction::logical_not;
}

Array numbers_unless_symbolic(Array array) {
    if (array.data.index() != 2 || array.type == onnx::TensorProto::DOUBLE) return array;
    if (is_float(array.type)) {
        if (std::optional<std::vector<float>> floats = floats_of(array)) array.data = std::move(*floats);
    } else if (std::optional<std::vector<int64_t>> integers = integers_of(array)) {
        array.data = std::move(*integers);
    }
    return array;
}

}  // namespace

std::optional<std::vector<int64_t>> broadcast_shape(const std::vector<const Array*>& operands) {
    size_t rank = 0;
    for (const Array* operand : operands) rank = std::max(rank, operand->shape.size());
    std::vector<int64_t> shape(rank, 1);
    for (const Array* operand : operands) {
        for (size_t i = 0; i < operand->shape.size(); ++i) {
            int64_t& extent = shape[rank - operand->shape.size() + i];
            if (extent == 1) extent = operand->shape[i];
            if (operand->shape[i] != 1 && operand->shape[i] != extent) return std::nullopt;
        }
    }
    return shape;
}

Array computed(HostFunction function, const std::vector<const Array*>& operands) {
    const std::vector<int64_t> shape = *broadcast_shape(operands);
    std::vector<Array> parts;
    bool symbolic = false, floats = false;
    for (const Array* operand : operands) {
        parts.push_back(expanded(*operand, shape));
        symbolic |= operand->data.index() == 2;
        floats |= operand->data.index() == 0;
    }
    const OnnxType operand_type = operands[function == HostFunction::where ? 1 : 0]->type;
    Array result{gives_bool(function) ? onnx::TensorProto::BOOL : operand_type, shape, {}};
    if (symbolic) {
        std::vector<std::vector<Size>> values;
        for (const Array& part : parts) values.push_back(sizes_of(part));
        const bool rounds = is_float(result.type) && result.type != onnx::TensorProto::DOUBLE;
        result.data = apply_all(values, [&](const Size* v) {
            const Size exact = apply_exactly(function, v, is_integer(operand_type));
            return rounds ? to_f32(exact) : exact;
        });
        return numbers_unless_symbolic(std::move(result));
    }
    if (!floats) {
        std::vector<std::vector<int64_t>> values;
        for (const Array& part : parts) values.push_back(*integers_of(part));
        result.data = apply_all(values, [=](const int64_t* v) { return apply(function, v); });
        return result;
    }
    std::vector<std::vector<float>> values;
    for (const Array& part : parts) values.push_back(*floats_of(part));
    std::vector<float> elements = apply_all(values, [=](const float* v) { return apply(function, v); });
    if (result.type == onnx::TensorProto::BOOL) {
        result.data = std::vector<int64_t>(elements.begin(), elements.end());
    } else {
        result.data = std::move(elements);
    }
    return result;
}

Array cast(const Array& array, OnnxType type) {
    Array result{type, array.shape, {}};
    if (array.data.index() == 2) {
        std::vector<Size> sizes = std::get<std::vector<Size>>(array.data);
        for (Size& size : sizes) {
            if (type == onnx::TensorProto::BOOL) {
                size = truth(size);
            } else if (is_integer(type)) {
                size = is_float(array.type) ? trunc_div(size, 1) : size;
            } else if (type != onnx::TensorProto::DOUBLE) {
                size = to_f32(size);
            }
        }
        result.data = std::move(sizes);
        return numbers_unless_symbolic(std::move(result));
    }
    if (is_float(type)) {
        result.data = *floats_of(array);
        return result;
    }
    std::vector<int64_t> integers;
    if (const auto* floats = std::get_if<std::vector<float>>(&array.data)) {
        for (const float value : *floats)
            integers.push_back(type == onnx::TensorProto::BOOL ? value != 0 : to_integer(value));
    } else {
        integers = std::get<std::vector<int64_t>>(array.data);
        if (type == onnx::TensorProto::BOOL)
            for (int64_t& value : integers) value = value != 0;
    }
    result.data = std::move(integers);
    return result;
}

}  // namespace atrous
