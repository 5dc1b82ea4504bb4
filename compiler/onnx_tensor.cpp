#include "compiler/onnx_tensor.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/error.h"

namespace atrous {

namespace {

using onnx::TensorProto;

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

constexpr size_t few = 64;  // doubles up to this number keep their precision: they may be sizes

[[noreturn]] void refuse(const OnnxModel& model, const TensorProto& tensor, const std::string& problem,
                         const std::string& advice = "export the model again") {
    throw Error(model.file + ": tensor \"" + tensor.name() + "\"", problem, advice);
}

size_t element_bytes(int type) {
    switch (type) {
    case TensorProto::DOUBLE:
    case TensorProto::INT64:
    case TensorProto::UINT64:
        return 8;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
    case TensorProto::UINT32:
        return 4;
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
    case TensorProto::INT16:
    case TensorProto::UINT16:
        return 2;
    default:
        return 1;
    }
}

float half_to_float(uint16_t half) {
    const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16, exponent = (half >> 10) & 31;
    const uint32_t mantissa = half & 1023;
    if (exponent == 0) {  // zero and subnormal: mantissa · 2^−24
        const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

float bfloat_to_float(uint16_t bits) {
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

template <typename Stored, typename Element, typename Convert>
std::vector<Element> unpack(std::string_view bytes, const Convert& convert) {
    std::vector<Element> elements(bytes.size() / sizeof(Stored));
    for (size_t i = 0; i < elements.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        elements[i] = static_cast<Element>(convert(stored));
    }
    return elements;
}

template <typename Stored, typename Element>
std::vector<Element> unpack(std::string_view bytes) {
    return unpack<Stored, Element>(bytes, [](Stored stored) { return stored; });
}

void set_doubles(Array& array, const std::vector<double>& values) {
    if (values.size() <= few) {
        array.data = std::vector<Size>(values.begin(), values.end());
    } else {
        array.data = std::vector<float>(values.begin(), values.end());
    }
}

void read_raw(Array& array, std::string_view bytes) {
    switch (array.type) {
    case TensorProto::FLOAT: {
        std::vector<float> floats(bytes.size() / sizeof(float));
        if (!floats.empty()) std::memcpy(floats.data(), bytes.data(), floats.size() * sizeof(float));
        array.data = std::move(floats);
        return;
    }
    case TensorProto::DOUBLE:
        return set_doubles(array, unpack<double, double>(bytes));
    case TensorProto::FLOAT16:
        array.data = unpack<uint16_t, float>(bytes, half_to_float);
        return;
    case TensorProto::BFLOAT16:
        array.data = unpack<uint16_t, float>(bytes, bfloat_to_float);
        return;
    case TensorProto::INT64:
    case TensorProto::UINT64:
        array.data = unpack<int64_t, int64_t>(bytes);
        return;
    case TensorProto::INT32:
        array.data = unpack<int32_t, int64_t>(bytes);
        return;
    case TensorProto::UINT32:
        array.data = unpack<uint32_t, int64_t>(bytes);
        return;
    case TensorProto::INT16:
        array.data = unpack<int16_t, int64_t>(bytes);
        return;
    case TensorProto::UINT16:
        array.data = unpack<uint16_t, int64_t>(bytes);
        return;
    case TensorProto::INT8:
        array.data = unpack<int8_t, int64_t>(bytes);
        return;
    case TensorProto::BOOL:
        array.data = unpack<uint8_t, int64_t>(bytes, [](uint8_t stored) { return stored != 0; });
        return;
    default:
        array.data = unpack<uint8_t, int64_t>(bytes);
        return;
    }
}

// The typed field that belongs to the element type; how many elements it held.
size_t read_typed(Array& array, const TensorProto& tensor) {
    const auto integers = [&](const auto& field) {
        array.data = std::vector<int64_t>(field.begin(), field.end());
        return static_cast<size_t>(field.size());
    };
    switch (array.type) {
    case TensorProto::FLOAT:
        array.data = std::vector<float>(tensor.float_data().begin(), tensor.float_data().end());
        return static_cast<size_t>(tensor.float_data_size());
    case TensorProto::DOUBLE:
        set_doubles(array, {tensor.double_data().begin(), tensor.double_data().end()});
        return static_cast<size_t>(tensor.double_data_size());
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16: {
        std::vector<float> floats;
        for (const int32_t bits : tensor.int32_data())
            floats.push_back(array.type == TensorProto::FLOAT16 ? half_to_float(static_cast<uint16_t>(bits))
                                                                : bfloat_to_float(static_cast<uint16_t>(bits)));
        array.data = std::move(floats);
        return static_cast<size_t>(tensor.int32_data_size());
    }
    case TensorProto::INT64:
        return integers(tensor.int64_data());
    case TensorProto::UINT64:
    case TensorProto::UINT32:
        return integers(tensor.uint64_data());
    default:
        return integers(tensor.int32_data());
    }
}

// The number of elements; refuses negative extents and products beyond what memory could ever hold.
size_t checked_count(const OnnxModel& model, const TensorProto& tensor) {
    if (tensor.dims_size() > 16)
        refuse(model, tensor, "it has " + std::to_string(tensor.dims_size()) + " dimensions, supported are up to 16");
    size_t count = 1;
    bool empty = false;
    for (const int64_t extent : tensor.dims()) {
        if (extent < 0) refuse(model, tensor, "one of its dimensions is " + std::to_string(extent));
        if (extent > 0 && count > (size_t{1} << 40) / static_cast<size_t>(extent))
            refuse(model, tensor, "its dimensions multiply to more than 2^40 elements");
        if (extent > 0) count *= static_cast<size_t>(extent);
        empty |= extent == 0;
    }
    return empty ? 0 : count;
}

}  // namespace

std::string type_name(int onnx_type) {
    if (!onnx::TensorProto_DataType_IsValid(onnx_type)) return "number " + std::to_string(onnx_type);
    std::string name = onnx::TensorProto_DataType_Name(static_cast<OnnxType>(onnx_type));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name;
}

Array array_of(const OnnxModel& model, const TensorProto& tensor) {
    Array array;
    if (onnx::TensorProto_DataType_IsValid(tensor.data_type())) array.type = static_cast<OnnxType>(tensor.data_type());
    if (!onnx::TensorProto_DataType_IsValid(tensor.data_type()) || (!is_float(array.type) && !is_integer(array.type)))
        refuse(model, tensor,
               "its element type is " + type_name(tensor.data_type()) +
                   ", supported are float, double, float16, bfloat16, integers of 8 to 64 bits and bool",
               "export the model with float weights");
    if (tensor.has_segment()) refuse(model, tensor, "it is stored in segments, which are not supported");
    const size_t count = checked_count(model, tensor), bytes = count * element_bytes(array.type);
    array.shape.assign(tensor.dims().begin(), tensor.dims().end());
    size_t found = 0;
    if (tensor.data_location() == TensorProto::EXTERNAL) {
        read_raw(array, read_external_data(model, tensor, bytes));
        found = count;
    } else if (tensor.has_raw_data()) {
        if (tensor.raw_data().size() != bytes)
            refuse(model, tensor,
                   "it has " + std::to_string(tensor.raw_data().size()) + " bytes of data, its shape and type need " +
                       std::to_string(bytes));
        read_raw(array, tensor.raw_data());
        found = count;
    } else {
        found = read_typed(array, tensor);
    }
    if (found != count)
        refuse(model, tensor,
               "it has " + std::to_string(found) + " elements of data, its shape needs " + std::to_string(count));
    return array;
}

}  // namespace atrous
