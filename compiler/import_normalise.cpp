#include <cmath>

#include "compiler/import_operators.h"

namespace atrous {

namespace {

std::vector<float> per_channel(NodeImport& node, size_t input, const char* role, int64_t channels) {
    const std::optional<std::vector<float>> values = floats_of(node.array(input, role));
    if (!values || static_cast<int64_t>(values->size()) != channels)
        node.refuse(std::string("its input \"") + role + "\" does not have one number for each of the " +
                        std::to_string(channels) + " channels",
                    "export the model again");
    return *values;
}

}  // namespace

// x·scale/√(var + ε) + (bias − mean·scale/√(var + ε)), one factor and one summand per channel, computed in double.
void import_batch_normalization(NodeImport& node) {
    node.expect_inputs(5, 5);
    if (node.flag("training_mode", false))
        node.refuse("training_mode is 1, supported is inference", "export the model in evaluation mode");
    if (!node.flag("spatial", true)) node.refuse("spatial is 0, supported is 1", "export the model with a newer opset");
    const ValueId x = node.float_data(0);
    const std::vector<Size> shape = node.shape(0);
    if (shape.size() < 2) node.refuse("its input has fewer than 2 dimensions", "export the model again");
    const int64_t channels = node.fixed(shape[1], node.dim_label(0, 1));
    const std::vector<float> scale = per_channel(node, 1, "scale", channels),
                             bias = per_channel(node, 2, "B", channels),
                             mean = per_channel(node, 3, "input_mean", channels),
                             variance = per_channel(node, 4, "input_var", channels);
    const double epsilon = node.real("epsilon", 1e-5f);
    node.check_count({channels, 2});
    std::vector<float> factor(scale.size()), summand(scale.size());
    for (size_t c = 0; c < scale.size(); ++c) {
        const double a = scale[c] / std::sqrt(variance[c] + epsilon);
        factor[c] = static_cast<float>(a);
        summand[c] = static_cast<float>(bias[c] - mean[c] * a);
    }
    std::vector<int64_t> constant_shape(shape.size() - 1, 1);
    constant_shape[0] = channels;
    const ValueId a = node.constant({onnx::TensorProto::FLOAT, constant_shape, std::move(factor)});
    const ValueId b = node.constant({onnx::TensorProto::FLOAT, constant_shape, std::move(summand)});
    const ValueId scaled = add_elementwise(node, ElementwiseFunction::mul, {x, a});
    node.result(add_elementwise(node, ElementwiseFunction::add, {scaled, b}));
}

void import_instance_normalization(NodeImport& node) {
    node.expect_inputs(3, 3);
    const ValueId x = node.float_data(0);
    const std::vector<Size> shape = node.shape(0);
    if (shape.size() < 3) node.refuse("its input has fewer than 3 dimensions", "export the model again");
    const int64_t channels = node.fixed(shape[1], node.dim_label(0, 1));
    per_channel(node, 1, "scale", channels);
    per_channel(node, 2, "B", channels);
    node.add_result(InstanceNormOp{node.real("epsilon", 1e-5f)}, {x, node.float_data(1), node.float_data(2)}, shape);
}

}  // namespace atrous
