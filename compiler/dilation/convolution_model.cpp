#include "compiler/dilation/convolution_model.h"

#include <onnx.pb.h>

#include <cmath>
#include <random>
#include <tuple>

namespace atrous::dilation {

namespace {

auto key_of(const ConvolutionSpec& spec) {
    return std::tie(spec.channels_in, spec.channels_out, spec.groups, spec.in, spec.out, spec.kernel, spec.stride,
                    spec.rate, spec.pad_begin, spec.pad_end);
}

void add_tensor(onnx::GraphProto& graph, const char* name, const std::vector<int64_t>& shape, float scale) {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> number(-scale, scale);
    onnx::TensorProto& tensor = *graph.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    int64_t count = 1;
    for (const int64_t extent : shape) {
        tensor.add_dims(extent);
        count *= extent;
    }
    std::vector<float> numbers(static_cast<size_t>(count));
    for (float& each : numbers) each = number(random);
    tensor.set_raw_data(numbers.data(), numbers.size() * sizeof(float));
}

void add_port(onnx::ValueInfoProto& port, const char* name, int64_t channels, const Pair& size) {
    port.set_name(name);
    auto& tensor = *port.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(onnx::TensorProto::FLOAT);
    for (const int64_t extent : {int64_t{1}, channels, size[0], size[1]})
        tensor.mutable_shape()->add_dim()->set_dim_value(extent);
}

void add_attribute(onnx::NodeProto& node, const char* name, const std::vector<int64_t>& numbers) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const int64_t number : numbers) attribute.add_ints(number);
}

}  // namespace

bool ConvolutionSpec::operator<(const ConvolutionSpec& other) const {
    return key_of(*this) < key_of(other);
}

std::optional<ConvolutionSpec> convolution_of(const Network& network, const ReadGraph& graph, const Node& node) {
    const auto* conv = std::get_if<ConvOp>(&node.op);
    if (!conv) return {};
    const auto channels_in = network.values[node.inputs[0]].shape[1].integer();
    const auto channels_out = network.values[node.outputs[0]].shape[1].integer();
    if (!channels_in || !channels_out) return {};
    return ConvolutionSpec{*channels_in,
                           *channels_out,
                           conv->groups,
                           graph.extent[node.inputs[0]],
                           graph.extent[node.outputs[0]],
                           conv->kernel,
                           conv->stride,
                           conv->dilation,
                           conv->pad_begin,
                           conv->pad_end};
}

ConvolutionSpec dense_twin(const ConvolutionSpec& spec) {
    ConvolutionSpec twin = spec;
    twin.rate = {1, 1};
    for (size_t axis = 0; axis < 2; ++axis) {
        const int64_t needed = (spec.out[axis] - 1) * spec.stride[axis] + spec.kernel[axis];
        const int64_t padding = std::max<int64_t>(0, needed - spec.in[axis]);
        twin.in[axis] = needed - padding;
        twin.pad_begin[axis] = padding / 2;
        twin.pad_end[axis] = padding - padding / 2;
    }
    return twin;
}

std::string convolution_model(const ConvolutionSpec& spec) {
    onnx::ModelProto model;
    model.set_ir_version(8);
    model.add_opset_import()->set_version(17);
    onnx::GraphProto& graph = *model.mutable_graph();
    graph.set_name("convolution");
    add_port(*graph.add_input(), "x", spec.channels_in, spec.in);
    add_port(*graph.add_output(), "y", spec.channels_out, spec.out);
    const int64_t per_group = spec.channels_in / spec.groups;
    const double taps = static_cast<double>(per_group * spec.kernel[0] * spec.kernel[1]);
    add_tensor(graph, "weights", {spec.channels_out, per_group, spec.kernel[0], spec.kernel[1]},
               static_cast<float>(1 / std::sqrt(taps)));
    add_tensor(graph, "bias", {spec.channels_out}, 1);
    onnx::NodeProto& node = *graph.add_node();
    node.set_op_type("Conv");
    node.set_name("convolution");
    for (const char* input : {"x", "weights", "bias"}) node.add_input(input);
    node.add_output("y");
    add_attribute(node, "strides", {spec.stride[0], spec.stride[1]});
    add_attribute(node, "dilations", {spec.rate[0], spec.rate[1]});
    add_attribute(node, "pads", {spec.pad_begin[0], spec.pad_begin[1], spec.pad_end[0], spec.pad_end[1]});
    onnx::AttributeProto& group = *node.add_attribute();
    group.set_name("group");
    group.set_type(onnx::AttributeProto::INT);
    group.set_i(spec.groups);
    return model.SerializeAsString();
}

}  // namespace atrous::dilation
