#include <algorithm>
#include <iterator>
#include <limits>

#include "compiler/import_operators.h"

namespace atrous {

namespace {

using F = ElementwiseFunction;
using H = HostFunction;

// How an operator is computed at run time and on known values; one of the two may be missing. Operators with `more`
// take any number of operands, two by two.
struct Entry {
    const char* name;
    std::optional<F> function;
    std::optional<H> host;
    size_t operands = 1;
    bool more = false;
    float alpha = 0, beta = 0;  // defaults of the attributes of these names
};

const Entry table[] = {
    {"Abs", F::abs, H::abs},
    {"Add", F::add, H::add, 2},
    {"And", {}, H::logical_and, 2},
    {"Ceil", F::ceil, H::ceil},
    {"Div", F::div, H::div, 2},
    {"Elu", F::elu, {}, 1, false, 1.0f},
    {"Equal", F::equal, H::equal, 2},
    {"Erf", F::erf, H::erf},
    {"Exp", F::exp, H::exp},
    {"Floor", F::floor, H::floor},
    {"Greater", {}, H::greater, 2},
    {"HardSigmoid", F::hard_sigmoid, {}, 1, false, 0.2f, 0.5f},
    {"HardSwish", F::hard_swish, {}},
    {"LeakyRelu", F::leaky_relu, {}, 1, false, 0.01f},
    {"Less", {}, H::less, 2},
    {"Log", F::log, H::log},
    {"Max", F::max, H::max, 2, true},
    {"Min", F::min, H::min, 2, true},
    {"Mod", {}, H::mod, 2},
    {"Mul", F::mul, H::mul, 2},
    {"Neg", F::neg, H::neg},
    {"Not", {}, H::logical_not},
    {"Or", {}, H::logical_or, 2},
    {"PRelu", F::prelu, {}, 2},
    {"Pow", F::pow, H::pow, 2},
    {"Reciprocal", F::reciprocal, H::reciprocal},
    {"Relu", F::relu, H::relu},
    {"Round", {}, H::round},
    {"Sigmoid", F::sigmoid, H::sigmoid},
    {"Sign", {}, H::sign},
    {"Softplus", F::softplus, {}},
    {"Sqrt", F::sqrt, H::sqrt},
    {"Sub", F::sub, H::sub, 2},
    {"Sum", F::add, H::add, 2, true},
    {"Tanh", F::tanh, H::tanh},
};

Array fold(NodeImport& node, H function, const std::vector<Array>& operands) {
    std::vector<const Array*> pointers;
    for (const Array& operand : operands) pointers.push_back(&operand);
    const std::optional<std::vector<int64_t>> shape = broadcast_shape(pointers);
    if (!shape) node.refuse("the shapes of its inputs cannot be broadcast", "export the model again");
    node.check_count(*shape);
    return computed(function, pointers);
}

// Pow takes exponents of any type; the kernels take float.
ValueId operand(NodeImport& node, const Entry& entry, size_t i) {
    if (entry.function != F::pow || i != 1 || !node.known(i) || node.type(i) == ElementType::f32)
        return node.float_data(i);
    const Array exponents = node.array(i, "exponent");
    node.check_count(exponents.shape);
    return node.constant(cast(exponents, onnx::TensorProto::FLOAT));
}

// One axis of a broadcast: the extents that are not 1 must agree.
Size broadcast_axis(NodeImport& node, const std::vector<std::vector<Size>>& shapes, size_t rank, size_t axis) {
    std::optional<Size> result;
    size_t from = 0;
    for (size_t i = 0; i < shapes.size(); ++i) {
        const size_t missing = rank - shapes[i].size();
        if (axis < missing || shapes[i][axis - missing] == Size(1)) continue;
        const Size& extent = shapes[i][axis - missing];
        const auto label = [&](size_t k) {
            return axis_name(rank, axis) + " of " + (k < node.input_count() ? node.label(k) : "its operand");
        };
        if (result && !(*result == extent)) node.require_equal(label(from), *result, label(i), extent);
        if (!result || extent.is_number()) {
            result = extent;
            from = i;
        }
    }
    return result.value_or(1);
}

}  // namespace

ValueId add_elementwise(NodeImport& node, F function, const std::vector<ValueId>& inputs, float alpha, float beta) {
    std::vector<std::vector<Size>> shapes;
    size_t rank = 0;
    for (const ValueId input : inputs) {
        shapes.push_back(node.value(input).shape);
        rank = std::max(rank, shapes.back().size());
    }
    std::vector<Size> shape;
    for (size_t axis = 0; axis < rank; ++axis) shape.push_back(broadcast_axis(node, shapes, rank, axis));
    const ElementType type = function == F::equal ? ElementType::boolean : ElementType::f32;
    return node.add(ElementwiseOp{function, alpha, beta}, inputs, std::move(shape), type);
}

void import_elementwise(NodeImport& node) {
    const Entry& entry = *std::find_if(std::begin(table), std::end(table),
                                       [&](const Entry& candidate) { return node.op() == candidate.name; });
    node.expect_inputs(entry.more ? 1 : entry.operands, entry.more ? 1000 : entry.operands);
    if (entry.host && node.all_known()) {
        std::vector<Array> operands;
        for (size_t i = 0; i < node.input_count(); ++i) operands.push_back(node.array(i, "input"));
        const H function = node.op() == "Mod" && node.flag("fmod", false) ? H::fmod : *entry.host;
        if (!entry.more) return node.result(fold(node, function, operands));
        Array result = std::move(operands[0]);
        for (size_t i = 1; i < operands.size(); ++i) result = fold(node, function, {result, operands[i]});
        return node.result(std::move(result));
    }
    if (!entry.function)
        node.refuse("the operator is supported on constants and shapes only, its input is computed from the data",
                    "express it with other operators; docs/onnx_operators.md lists those that are supported");
    const float alpha = node.real("alpha", entry.alpha), beta = node.real("beta", entry.beta);
    if (!entry.more) {
        std::vector<ValueId> inputs;
        for (size_t i = 0; i < entry.operands; ++i) inputs.push_back(operand(node, entry, i));
        return node.result(add_elementwise(node, *entry.function, inputs, alpha, beta));
    }
    if (node.input_count() == 1) return node.result_is_input();
    ValueId result = node.float_data(0);
    for (size_t i = 1; i < node.input_count(); ++i)
        result = add_elementwise(node, *entry.function, {result, node.float_data(i)});
    node.result(result);
}

void import_clip(NodeImport& node) {
    node.expect_inputs(1, 3);
    constexpr float largest = std::numeric_limits<float>::max();
    const bool attributes = node.opset() < 11;
    if (!attributes && node.all_known() && node.input_count() > 1) {
        Array result = node.array(0, "input");
        if (node.has(1)) result = fold(node, H::max, {result, node.array(1, "min")});
        if (node.has(2)) result = fold(node, H::min, {result, node.array(2, "max")});
        return node.result(std::move(result));
    }
    const float low = attributes ? node.real("min", -largest) : node.scalar(1, "min").value_or(-largest);
    const float high = attributes ? node.real("max", largest) : node.scalar(2, "max").value_or(largest);
    const ValueId x = node.float_data(0);
    if (low == 0 && high == largest) return node.result(add_elementwise(node, F::relu, {x}));
    node.result(add_elementwise(node, F::clip, {x}, low, high));
}

void import_gelu(NodeImport& node) {
    node.expect_inputs(1, 1);
    const std::string approximate = node.text("approximate", "none");
    if (approximate != "none" && approximate != "tanh")
        node.refuse("approximate is \"" + approximate + "\", expected none or tanh", "export the model again");
    node.result(add_elementwise(node, approximate == "none" ? F::gelu : F::gelu_tanh, {node.float_data(0)}));
}

// x·sigmoid(alpha·x)
void import_swish(NodeImport& node) {
    node.expect_inputs(1, 1);
    const float alpha = node.real("alpha", 1);
    const ValueId x = node.float_data(0);
    if (alpha == 1) return node.result(add_elementwise(node, F::silu, {x}));
    const ValueId scaled = add_elementwise(node, F::mul, {x, node.constant(alpha)});
    node.result(add_elementwise(node, F::mul, {x, add_elementwise(node, F::sigmoid, {scaled})}));
}

void import_where(NodeImport& node) {
    node.expect_inputs(3, 3);
    if (node.all_known()) {
        const std::vector<Array> operands{node.array(0, "condition"), node.array(1, "X"), node.array(2, "Y")};
        return node.result(fold(node, H::where, operands));
    }
    if (node.type(0) != ElementType::boolean)
        node.refuse("its condition " + node.label(0) + " is not of type bool", "export the model again");
    node.result(add_elementwise(node, F::where, {node.data(0), node.float_data(1), node.float_data(2)}));
}

}  // namespace atrous
