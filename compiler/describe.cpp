// The network as text: `conv "c1": x, w, b → y f32[1,16,height,width]`, with every attribute that is not the default.
#include <sstream>

#include "compiler/import.h"
#include "generators/kernel_spec.h"

namespace atrous {

namespace {

std::string text_of(int64_t value) {
    return std::to_string(value);
}
std::string text_of(const Size& value) {
    return value.text();
}

template <typename List>
std::string list(const List& values) {
    std::string text;
    for (const auto& value : values) text += (text.empty() ? "" : ",") + text_of(value);
    return "[" + text + "]";
}

class Attributes {
  public:
    std::string text() const { return text_.str(); }

    void operator()(const ConvOp& op) {
        text_ << "conv";
        window(op);
        if (op.groups != 1) text_ << " groups=" << op.groups;
    }
    void operator()(const TransposedConvOp& op) {
        text_ << "transposed_conv";
        window(op);
        if (op.output_padding != Pair{0, 0}) text_ << " output_padding=" << list(op.output_padding);
        if (op.groups != 1) text_ << " groups=" << op.groups;
    }
    void operator()(const LinearOp&) { text_ << "linear"; }
    void operator()(const PoolOp& op) {
        text_ << atrous::name_of(op.kind) << "_pool";
        window(op);
        if (op.ceil_mode) text_ << " ceil_mode";
        if (op.count_include_pad) text_ << " count_include_pad";
    }
    void operator()(const GlobalPoolOp& op) {
        text_ << "global_" << atrous::name_of(op.kind) << "_pool" << (op.keep_dims ? "" : " drop_dims");
    }
    void operator()(const ResizeOp& op) {
        text_ << "resize " << atrous::name_of(op.mode) << " " << atrous::name_of(op.coordinates);
        if (op.mode == ResizeMode::nearest) text_ << " " << atrous::name_of(op.rounding);
        text_ << " scale=" << list(op.scale);
    }
    void operator()(const ElementwiseOp& op) {
        text_ << atrous::name_of(op.function);
        if (op.alpha != 0 || op.beta != 0) text_ << " alpha=" << op.alpha << " beta=" << op.beta;
    }
    void operator()(const SoftmaxOp& op) { text_ << (op.logarithm ? "log_softmax" : "softmax") << " axis=" << op.axis; }
    void operator()(const ArgmaxOp& op) {
        text_ << "argmax axis=" << op.axis << (op.keep_dims ? "" : " drop_dims") << (op.select_last ? " last" : "");
    }
    void operator()(const InstanceNormOp& op) { text_ << "instance_norm epsilon=" << op.epsilon; }
    void operator()(const ConcatOp& op) { text_ << "concat axis=" << op.axis; }
    void operator()(const SliceOp& op) { text_ << "slice begin=" << list(op.begin) << " step=" << list(op.step); }
    void operator()(const PadOp& op) {
        text_ << "pad " << atrous::name_of(op.mode) << " begin=" << list(op.begin) << " end=" << list(op.end);
        if (op.value != 0) text_ << " value=" << op.value;
    }
    void operator()(const TransposeOp& op) { text_ << "transpose perm=" << list(op.perm); }
    void operator()(const ReshapeOp&) { text_ << "reshape"; }
    void operator()(const ExpandOp&) { text_ << "expand"; }
    void operator()(const DepthToSpaceOp& op) {
        text_ << "depth_to_space block=" << op.block << (op.column_row_depth ? " crd" : "");
    }
    void operator()(const SpaceToDepthOp& op) { text_ << "space_to_depth block=" << op.block; }
    void operator()(const CastOp&) { text_ << "cast"; }

  private:
    template <typename Windowed>
    void window(const Windowed& op) {
        text_ << " kernel=" << list(op.kernel);
        if (op.stride != Pair{1, 1}) text_ << " stride=" << list(op.stride);
        if (op.dilation != Pair{1, 1}) text_ << " dilation=" << list(op.dilation);
        if (op.pad_begin != Pair{0, 0} || op.pad_end != Pair{0, 0})
            text_ << " pads=" << list(op.pad_begin) << list(op.pad_end);
    }
    std::ostringstream text_;
};

std::string reference(const Network& network, ValueId id) {
    if (id == no_value) return "-";
    const Value& value = network.values[id];
    return value.name.empty() ? "%" + std::to_string(id) : value.name;
}

// Constants with their shape where they are read, everything else by name.
std::string operand(const Network& network, ValueId id) {
    if (id == no_value || !network.values[id].constant) return reference(network, id);
    return reference(network, id) + list(network.values[id].shape);
}

std::string definition(const Network& network, ValueId id) {
    const Value& value = network.values[id];
    return reference(network, id) + " " + std::string(name_of(value.type)) + list(value.shape);
}

}  // namespace

std::string describe(const Network& network) {
    std::ostringstream text;
    for (const ValueId input : network.inputs) text << "input " << definition(network, input) << "\n";
    for (const Node& node : network.nodes) {
        Attributes attributes;
        std::visit(attributes, node.op);
        text << attributes.text() << " \"" << node.name << "\":";
        for (size_t i = 0; i < node.inputs.size(); ++i) text << (i ? ", " : " ") << operand(network, node.inputs[i]);
        text << " →";
        for (const ValueId output : node.outputs) text << " " << definition(network, output);
        text << "\n";
    }
    for (const Constraint& constraint : network.constraints) text << "require " << constraint.message << "\n";
    for (const ValueId output : network.outputs) text << "output " << definition(network, output) << "\n";
    return text.str();
}

}  // namespace atrous
