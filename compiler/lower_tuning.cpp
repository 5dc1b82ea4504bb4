// Where tunings meet a network: each convolution's identity, and what is known of it from measuring.
#include "compiler/lower_conv.h"
#include "compiler/lowering.h"
#include "compiler/tuning/tuning_record.h"

namespace atrous {

namespace {

bool is_convolution(const Node& node) {
    return std::holds_alternative<ConvOp>(node.op) || std::holds_alternative<TransposedConvOp>(node.op);
}

}  // namespace

// Of a convolution, transposed or not, with all that decides how fast it can be.
OperatorKey Lowering::key_of(const Node& node) const {
    const auto integers = [](const auto& pair, const char* between) {
        std::string text;
        for (const int64_t number : pair) text += (text.empty() ? "" : between) + std::to_string(number);
        return text;
    };
    OperatorKey key;
    const auto describe = [&](const auto& op) {
        key.text = node.onnx_type + " " + integers(op.kernel, "x");
        if (op.stride != Pair{1, 1}) key.text += ", stride " + integers(op.stride, "x");
        if (op.dilation != Pair{1, 1}) key.text += ", rate " + integers(op.dilation, "x");
        const std::array<int64_t, 4> pads{op.pad_begin[0], op.pad_begin[1], op.pad_end[0], op.pad_end[1]};
        if (pads != std::array<int64_t, 4>{}) key.text += ", pad " + integers(pads, ",");
        if (op.groups != 1) key.text += ", groups " + std::to_string(op.groups);
    };
    if (const auto* op = std::get_if<ConvOp>(&node.op)) describe(*op);
    if (const auto* op = std::get_if<TransposedConvOp>(&node.op)) {
        describe(*op);
        if (op->output_padding != Pair{0, 0}) key.text += ", output padding " + integers(op->output_padding, "x");
    }
    key.text += ", " + std::to_string(fixed_extent(value(node.inputs[0]), 1)) + " -> " +
                std::to_string(fixed_extent(value(node.outputs[0]), 1));
    if (node.fused.activation != ElementwiseFunction::identity)
        key.text += ", " + std::string(name_of(node.fused.activation));
    if (node.fused.residual != Residual::none) key.text += ", residual";
    for (const Size& extent : shape(node.inputs[0])) key.input.push_back(at_hint(extent));
    return key;
}

std::vector<OperatorTuning> Lowering::looked_up_tuning() const {
    std::vector<OperatorTuning> found(network_.nodes.size());
    if (!options_.tuning) return found;
    for (size_t n = 0; n < network_.nodes.size(); ++n) {
        const Node& node = network_.nodes[n];
        if (!is_convolution(node)) continue;
        found[n] = options_.tuning->find(key_of(node), [&](const OperatorTuning& tuning) {
            return is_legal(tuning, conv_parts(*this, node, Packing::c16), options_.targets[0]);
        });
    }
    return found;
}

std::optional<TunableOperator> Lowering::tunable(const Node& node) const {
    if (!is_convolution(node) || is_narrow(node)) return std::nullopt;
    if (!is_blocked(node) && is_phased(network_, node, options_.targets[0])) return std::nullopt;
    const auto index = static_cast<size_t>(&node - network_.nodes.data());
    return TunableOperator{key_of(node), conv_parts(*this, node, packing_of(node)), row_loops_.of_node[index],
                           kernels_};
}

}  // namespace atrous
