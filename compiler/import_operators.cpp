#include "compiler/import_operators.h"

#include <algorithm>
#include <iterator>

namespace atrous {

namespace {

// By name. Opsets after 24: 25 adds element types only; 28 gives Mod and SpaceToDepth a new attribute value and new
// text, read in import_elementwise.cpp and import_move.cpp.
constexpr OperatorEntry operators[] = {
    {"Abs", import_elementwise},
    {"Add", import_elementwise},
    {"And", import_elementwise},
    {"ArgMax", import_argmax},
    {"AveragePool", import_pool},
    {"BatchNormalization", import_batch_normalization},
    {"Cast", import_cast},
    {"CastLike", import_cast_like},
    {"Ceil", import_elementwise},
    {"Clip", import_clip},
    {"Concat", import_concat},
    {"Constant", import_constant},
    {"ConstantOfShape", import_constant_of_shape},
    {"Conv", import_conv},
    {"ConvTranspose", import_conv_transpose},
    {"DepthToSpace", import_depth_to_space},
    {"Div", import_elementwise},
    {"Dropout", import_dropout},
    {"Elu", import_elementwise},
    {"Equal", import_elementwise},
    {"Erf", import_elementwise},
    {"Exp", import_elementwise},
    {"Expand", import_expand},
    {"Flatten", import_flatten},
    {"Floor", import_elementwise},
    {"Gather", import_gather},
    {"Gelu", import_gelu},
    {"Gemm", import_gemm},
    {"GlobalAveragePool", import_global_pool},
    {"GlobalMaxPool", import_global_pool},
    {"Greater", import_elementwise},
    {"HardSigmoid", import_elementwise},
    {"HardSwish", import_elementwise},
    {"Identity", import_identity},
    {"InstanceNormalization", import_instance_normalization},
    {"LeakyRelu", import_elementwise},
    {"Less", import_elementwise},
    {"Log", import_elementwise},
    {"LogSoftmax", import_softmax},
    {"MatMul", import_matmul},
    {"Max", import_elementwise},
    {"MaxPool", import_pool},
    {"Min", import_elementwise},
    {"Mod", import_elementwise},
    {"Mul", import_elementwise},
    {"Neg", import_elementwise},
    {"Not", import_elementwise},
    {"Or", import_elementwise},
    {"PRelu", import_elementwise},
    {"Pad", import_pad},
    {"Pow", import_elementwise},
    {"Range", import_range},
    {"Reciprocal", import_elementwise},
    {"ReduceMax", import_reduce},
    {"ReduceMean", import_reduce},
    {"ReduceMin", import_reduce},
    {"ReduceProd", import_reduce},
    {"ReduceSum", import_reduce},
    {"Relu", import_elementwise},
    {"Reshape", import_reshape},
    {"Resize", import_resize},
    {"Round", import_elementwise},
    {"Shape", import_shape},
    {"Sigmoid", import_elementwise},
    {"Sign", import_elementwise},
    {"Size", import_size},
    {"Slice", import_slice},
    {"Softmax", import_softmax},
    {"Softplus", import_elementwise},
    {"SpaceToDepth", import_space_to_depth},
    {"Split", import_split},
    {"Sqrt", import_elementwise},
    {"Squeeze", import_squeeze},
    {"Sub", import_elementwise},
    {"Sum", import_elementwise},
    {"Swish", import_swish},
    {"Tanh", import_elementwise},
    {"Transpose", import_transpose},
    {"Unsqueeze", import_unsqueeze},
    {"Upsample", import_upsample},
    {"Where", import_where},
    // refused with a reason
    {"ConvInteger", refuse_operator},
    {"DequantizeLinear", refuse_operator},
    {"DynamicQuantizeLinear", refuse_operator},
    {"If", refuse_operator},
    {"Loop", refuse_operator},
    {"MatMulInteger", refuse_operator},
    {"QLinearConv", refuse_operator},
    {"QLinearMatMul", refuse_operator},
    {"QuantizeLinear", refuse_operator},
    {"Scan", refuse_operator},
};

}  // namespace

const OperatorEntry* find_operator(const std::string& name) {
    const auto found = std::find_if(std::begin(operators), std::end(operators),
                                    [&](const OperatorEntry& entry) { return name == entry.name; });
    return found == std::end(operators) ? nullptr : found;
}

void refuse_operator(NodeImport& node) {
    const std::string& op = node.op();
    if (op == "If" || op == "Loop" || op == "Scan")
        node.refuse("control flow is not supported, the graph must be the same for every input",
                    "export the model by tracing, or simplify it so that the branch is decided");
    node.refuse("quantised operators are not supported, supported are their float counterparts",
                "use the model as it was before quantisation");
}

}  // namespace atrous
