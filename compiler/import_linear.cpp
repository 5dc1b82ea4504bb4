#include <numeric>

#include "compiler/import_operators.h"

namespace atrous {

namespace {

// Constant weights as (K, M).
ValueId weights_of(NodeImport& node, bool transpose, float factor) {
    if (!node.known(1))
        node.refuse("its input " + node.label(1) + " is computed from the data, supported are constant weights",
                    "use a model whose matrix products have constant weights");
    node.check_float(1);
    if (node.rank(1) != 2)
        node.refuse("its weights have " + std::to_string(node.rank(1)) + " dimensions, expected 2",
                    "use a model whose matrix products have constant weights of two dimensions");
    if (!transpose && factor == 1) return node.data(1);
    Array weights = node.array(1, "B");
    node.check_count(weights.shape);
    if (transpose) weights = transposed(weights, {1, 0});
    if (std::optional<std::vector<float>> values = floats_of(weights)) {
        for (float& value : *values) value *= factor;
        weights.data = std::move(*values);
    }
    return node.constant(std::move(weights));
}

// C of Gemm as one number per column, if it is constant and the same for every row.
std::optional<Array> bias_of(NodeImport& node, int64_t columns, float factor) {
    if (!node.known(2)) return std::nullopt;
    node.check_float(2);
    const Array c = node.array(2, "C");
    if (c.rank() > 2 || (c.rank() == 2 && c.shape[0] != 1)) return std::nullopt;
    const int64_t last = c.rank() == 0 ? 1 : c.shape.back();
    if (last != 1 && last != columns) node.refuse("its input \"C\" does not fit the result", "export the model again");
    node.check_count({columns});
    Array bias = reshaped(expanded(reshaped(c, {last}), {columns}), {columns});
    std::vector<float> values = *floats_of(bias);
    for (float& value : values) value *= factor;
    bias.data = std::move(values);
    return bias;
}

}  // namespace

void import_gemm(NodeImport& node) {
    node.expect_inputs(2, 3);
    const float alpha = node.real("alpha", 1), beta = node.real("beta", 1);
    ValueId x = node.float_data(0);
    if (node.rank(0) != 2)
        node.refuse("its input " + node.label(0) + " has " + std::to_string(node.rank(0)) + " dimensions, expected 2",
                    "export the model again");
    if (node.flag("transA", false)) x = add_transpose(node, x, {1, 0});
    const ValueId weights = weights_of(node, node.flag("transB", false), alpha);
    const std::vector<Size> shape = node.value(x).shape;
    const Size rows = node.value(weights).shape[0];
    const int64_t columns = *node.value(weights).shape[1].integer();
    node.require_equal("the columns of " + node.label(0), shape[1], "the rows of its weights", rows);
    std::optional<Array> bias = node.has(2) && beta != 0 ? bias_of(node, columns, beta) : std::nullopt;
    const bool summand = node.has(2) && beta != 0 && !bias;
    std::vector<ValueId> inputs{x, weights};
    if (bias) inputs.push_back(node.constant(std::move(*bias)));
    ValueId y = node.add(LinearOp{}, std::move(inputs), {shape[0], columns});
    if (summand) {
        ValueId c = node.float_data(2);
        if (beta != 1) c = add_elementwise(node, ElementwiseFunction::mul, {c, node.constant(beta)});
        y = add_elementwise(node, ElementwiseFunction::add, {y, c});
    }
    node.result(y);
}

// Data of more than two axes is multiplied as one tall matrix.
void import_matmul(NodeImport& node) {
    node.expect_inputs(2, 2);
    const ValueId x = node.float_data(0);
    const ValueId weights = weights_of(node, false, 1);
    const std::vector<Size> shape = node.shape(0);
    const Size rows = node.value(weights).shape[0], columns = node.value(weights).shape[1];
    if (shape.empty()) node.refuse("its first input is a scalar", "export the model again");
    node.require_equal("the last dimension of " + node.label(0), shape.back(), "the rows of its weights", rows);
    std::vector<Size> result = shape;
    result.back() = columns;
    const Size tall = product({shape.begin(), shape.end() - 1});
    const ValueId matrix = add_reshape(node, x, {tall, rows});
    const ValueId y = node.add(LinearOp{}, {matrix, weights}, {tall, columns});
    node.result(add_reshape(node, y, result));
}

}  // namespace atrous
