// Operators whose results are mostly known while importing: constants, shapes, casts, copies.
#include <algorithm>
#include <cmath>

#include "compiler/import_operators.h"
#include "compiler/onnx_tensor.h"

namespace atrous {

namespace {

constexpr int64_t most_filled = 1 << 20;  // constants of one value above this many elements are made at run time

}  // namespace

void import_constant(NodeImport& node) {
    node.expect_inputs(0, 0);
    const auto& attributes = node.proto().attribute();
    if (attributes.size() != 1)
        node.refuse("it has " + std::to_string(attributes.size()) + " attributes, expected one value",
                    "export the model again");
    const onnx::AttributeProto& value = attributes[0];
    const std::string& name = value.name();
    const auto vector_shape = [](const auto& field) { return std::vector<int64_t>{field.size()}; };
    if (name == "value" && value.has_t()) {
        node.loaded_result(array_of(node.model(), value.t()));
    } else if (name == "value_float") {
        node.result({onnx::TensorProto::FLOAT, {}, std::vector<float>{value.f()}});
    } else if (name == "value_floats") {
        node.result({onnx::TensorProto::FLOAT, vector_shape(value.floats()),
                     std::vector<float>(value.floats().begin(), value.floats().end())});
    } else if (name == "value_int") {
        node.result({onnx::TensorProto::INT64, {}, std::vector<int64_t>{value.i()}});
    } else if (name == "value_ints") {
        node.result({onnx::TensorProto::INT64, vector_shape(value.ints()),
                     std::vector<int64_t>(value.ints().begin(), value.ints().end())});
    } else {
        node.refuse("attribute \"" + shown_name(name) +
                        "\" is not supported, supported are value, value_float, "
                        "value_floats, value_int and value_ints",
                    "export the model with dense numeric constants");
    }
}

void import_constant_of_shape(NodeImport& node) {
    node.expect_inputs(1, 1);
    const std::vector<Size> shape = node.sizes(0, "input");
    Array value{onnx::TensorProto::FLOAT, {1}, std::vector<float>{0}};
    if (const auto* attribute = node.attribute("value")) value = array_of(node.model(), attribute->t());
    if (value.count() != 1) node.refuse("attribute \"value\" must hold one element", "export the model again");
    value.shape.clear();
    if (const std::optional<std::vector<int64_t>> numbers = integers_of(size_array(shape))) {
        double count = 1;
        for (const int64_t extent : *numbers) count *= static_cast<double>(extent);
        if (count <= static_cast<double>(most_filled)) {
            node.check_count(*numbers);
            return node.result(expanded(value, *numbers));
        }
    }
    const ElementType type = element_type(value.type).value_or(ElementType::i64);
    node.add_result(ExpandOp{}, {node.constant(std::move(value))}, shape, type);
}

void import_shape(NodeImport& node) {
    node.expect_inputs(1, 1);
    const std::vector<Size> shape = node.shape(0);
    const auto rank = static_cast<int64_t>(shape.size());
    const auto bound = [&](int64_t value) { return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank); };
    const int64_t start = bound(node.integer("start", 0));
    const int64_t end = std::max(start, bound(node.integer("end", rank)));
    node.result(size_array({shape.begin() + start, shape.begin() + end}));
}

void import_size(NodeImport& node) {
    node.expect_inputs(1, 1);
    Array count = size_array({product(node.shape(0))});
    count.shape.clear();
    node.result(std::move(count));
}

// A sequence of as many elements as fit: its length must be known.
void import_range(NodeImport& node) {
    node.expect_inputs(3, 3);
    std::vector<double> bounds;
    for (size_t i = 0; i < 3; ++i) {
        const Array bound = node.array(i, i == 0 ? "start" : i == 1 ? "limit" : "delta");
        const std::vector<Size> sizes = sizes_of(bound);
        if (sizes.size() != 1) node.refuse("its inputs must be single numbers", "export the model again");
        if (!sizes[0].is_number())
            node.refuse("the length of its result depends on the model's input (" + sizes[0].text() +
                            "), supported are fixed lengths",
                        "declare the model's input size");
        bounds.push_back(sizes[0].constant());
    }
    const double count = std::max(0.0, std::ceil((bounds[1] - bounds[0]) / bounds[2]));
    if (!(count <= 1e9)) node.refuse("its result would have " + Size(count).text() + " elements");
    const auto elements = static_cast<int64_t>(count);
    node.check_count({elements});
    const OnnxType type = node.array(0, "start").type;
    Array result{type, {elements}, {}};
    if (is_float(type)) {
        std::vector<float> values;
        for (int64_t i = 0; i < elements; ++i)
            values.push_back(static_cast<float>(bounds[0]) + static_cast<float>(i) * static_cast<float>(bounds[2]));
        result.data = std::move(values);
    } else {
        std::vector<int64_t> values;
        for (int64_t i = 0; i < elements; ++i)
            values.push_back(
                static_cast<int64_t>(std::clamp(bounds[0] + static_cast<double>(i) * bounds[2], -0x1p62, 0x1p62)));
        result.data = std::move(values);
    }
    node.result(std::move(result));
}

void import_identity(NodeImport& node) {
    node.expect_inputs(1, 1);
    node.result_is_input();
}

void import_dropout(NodeImport& node) {
    node.expect_inputs(1, 3);
    if (node.has(2) && floats_of(node.array(2, "training_mode")) != std::vector<float>{0})
        node.refuse("training_mode is true, supported is inference", "export the model in evaluation mode");
    node.result_is_input();
}

namespace {

void cast_to(NodeImport& node, OnnxType type) {
    if (node.known(0)) {
        const Array array = node.array(0, "input");
        node.check_count(array.shape);
        return node.result(cast(array, type));
    }
    const std::optional<ElementType> to = element_type(type);
    if (!to || type == onnx::TensorProto::DOUBLE)
        node.refuse(
            "it casts to " + type_name(type) +
                ", supported are float, float16 and bfloat16 (both computed as float), int64, int32, uint8, int8 "
                "and bool",
            "use one of these types");
    const ValueId x = node.data(0);
    if (node.type(0) == *to) return node.result_is_input();
    node.add_result(CastOp{}, {x}, node.shape(0), *to);
}

}  // namespace

void import_cast(NodeImport& node) {
    node.expect_inputs(1, 1);
    const int64_t to = node.integer("to", 0);
    if (to != std::clamp<int64_t>(to, 1, 1000) || !onnx::TensorProto_DataType_IsValid(static_cast<int>(to)))
        node.refuse("attribute \"to\" is " + std::to_string(to) + ", expected an ONNX element type",
                    "export the model again");
    const auto type = static_cast<OnnxType>(to);
    if (!is_float(type) && !is_integer(type))
        node.refuse("it casts to " + type_name(type) + ", supported are float, integers and bool", "use another type");
    cast_to(node, type);
}

void import_cast_like(NodeImport& node) {
    node.expect_inputs(2, 2);
    if (node.known(1)) return cast_to(node, node.array(1, "target_type").type);
    switch (node.type(1)) {
    case ElementType::i64:
        return cast_to(node, onnx::TensorProto::INT64);
    case ElementType::i32:
        return cast_to(node, onnx::TensorProto::INT32);
    case ElementType::u8:
        return cast_to(node, onnx::TensorProto::UINT8);
    case ElementType::i8:
        return cast_to(node, onnx::TensorProto::INT8);
    case ElementType::boolean:
        return cast_to(node, onnx::TensorProto::BOOL);
    default:
        return cast_to(node, onnx::TensorProto::FLOAT);
    }
}

}  // namespace atrous
