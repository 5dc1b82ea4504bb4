#include "compiler/dilation/layer_cost.h"

#include <algorithm>
#include <numeric>

namespace atrous::dilation {

namespace {

double product_of(const std::vector<int64_t>& extents) {
    return std::accumulate(extents.begin(), extents.end(), 1.0,
                           [](double product, int64_t extent) { return product * static_cast<double>(extent); });
}

class CostOf {
  public:
    CostOf(const Network& network, const ReadGraph& graph, const InputSize& size)
        : network_(network), graph_(graph), size_(size) {}

    LayerCost operator()(const Node& node) {
        LayerCost cost;
        cost.name = node.name;
        cost.onnx_type = node.onnx_type;
        cost.shape = shape_of(node.outputs[0]);
        for (const ValueId output : node.outputs) cost.bytes_out += bytes(output);
        for (const ValueId input : node.inputs) note_input(input, cost);
        note_window(node, cost);
        note_macs(node, cost);
        note_footprint(node, cost);
        return cost;
    }

  private:
    std::vector<int64_t> shape_of(ValueId value) const {
        std::vector<int64_t> shape;
        for (const Size& extent : network_.values[value].shape) shape.push_back(extent_at(network_, extent, size_));
        return shape;
    }
    double bytes(ValueId value) const {
        return product_of(shape_of(value)) * plan::size_of(network_.values[value].type);
    }

    void note_input(ValueId input, LayerCost& cost) const {
        if (input == no_value) return;
        if (!network_.values[input].constant) {
            cost.bytes_in += bytes(input);
            return;
        }
        cost.parameters += product_of(shape_of(input));
        cost.bytes_weights += bytes(input);
    }
    static void note_window(const Node& node, LayerCost& cost) {
        const auto window = [&](const auto& op) {
            cost.kernel = op.kernel;
            cost.stride = op.stride;
            cost.rate = op.dilation;
        };
        if (const auto* conv = std::get_if<ConvOp>(&node.op)) window(*conv), cost.groups = conv->groups;
        if (const auto* conv = std::get_if<TransposedConvOp>(&node.op)) window(*conv), cost.groups = conv->groups;
        if (const auto* pool = std::get_if<PoolOp>(&node.op)) window(*pool);
    }
    // Weights are (Cout, Cin/g, …) or (Cin, Cout/g, …): each of the first axis times the second is used at every pixel,
    // of the result or of the input.
    void note_macs(const Node& node, LayerCost& cost) const {
        const bool transposed = std::holds_alternative<TransposedConvOp>(node.op);
        if (std::holds_alternative<LinearOp>(node.op)) {
            cost.macs = cost.real_macs =
                product_of(cost.shape) * product_of(shape_of(node.inputs[1])) / static_cast<double>(cost.shape.back());
        }
        if (!transposed && !std::holds_alternative<ConvOp>(node.op)) return;
        const std::vector<int64_t> weights = shape_of(node.inputs[1]);
        const double pairs =
            static_cast<double>(cost.shape[0]) * static_cast<double>(weights[0]) * static_cast<double>(weights[1]);
        const std::array<int64_t, 2>&in = graph_.extent[node.inputs[0]], &out = graph_.extent[node.outputs[0]];
        const Reads& reads = graph_.reads[node.outputs[0]].at(0);
        const auto& pixels = transposed ? in : out;
        cost.macs =
            pairs * static_cast<double>(pixels[0] * cost.kernel[0]) * static_cast<double>(pixels[1] * cost.kernel[1]);
        cost.real_macs = pairs * static_cast<double>(real_products(reads.y, out[0])) *
                         static_cast<double>(real_products(reads.x, out[1]));
    }
    void note_footprint(const Node& node, LayerCost& cost) const {
        const std::array<int64_t, 2>&in = graph_.extent[node.inputs[0]], &out = graph_.extent[node.outputs[0]];
        const double reach = static_cast<double>(cost.kernel[0] - 1) * static_cast<double>(cost.rate[0]) + 1;
        const double rows = std::min(reach, static_cast<double>(in[0]));
        cost.footprint = network_.values[node.inputs[0]].constant
                             ? cost.bytes_in
                             : bytes(node.inputs[0]) / static_cast<double>(in[0]) * rows;
        cost.footprint += cost.bytes_out / static_cast<double>(out[0]) + cost.bytes_weights;
    }

    const Network& network_;
    const ReadGraph& graph_;
    InputSize size_;
};

}  // namespace

std::vector<LayerCost> layer_costs(const Network& network, const ReadGraph& graph, const InputSize& size) {
    CostOf cost_of(network, graph, size);
    std::vector<LayerCost> costs;
    for (const Node& node : network.nodes) costs.push_back(cost_of(node));
    return costs;
}

}  // namespace atrous::dilation
