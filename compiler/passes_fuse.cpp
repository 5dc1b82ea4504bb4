// Activations and residual sums become part of the convolutions before them.
#include <algorithm>

#include "compiler/graph.h"
#include "compiler/passes.h"
#include "compiler/phases.h"

namespace atrous {
namespace {

bool is_convolution(const Node& node) {
    return std::holds_alternative<ConvOp>(node.op) || std::holds_alternative<TransposedConvOp>(node.op) ||
           std::holds_alternative<LinearOp>(node.op);
}

bool is_activation(ElementwiseFunction function) {
    return function >= ElementwiseFunction::relu && function <= ElementwiseFunction::softplus;
}

// A phase that no tap reaches has no sum to add to.
bool takes_residual(const Node& node) {
    const auto* op = std::get_if<TransposedConvOp>(&node.op);
    if (!op) return true;
    for (size_t axis = 0; axis < 2; ++axis) {
        if (op->kernel[axis] < op->stride[axis]) return false;  // a tap reaches one phase only
        for (int64_t phase = 0; phase < op->stride[axis]; ++phase)
            if (phase_of(*op, axis, phase).taps == 0) return false;
    }
    return true;
}

// A PRelu's slope as the convolution takes it: a constant with one number, or one per channel.
bool is_channel_slope(const Value& slope, const Value& y) {
    if (!slope.constant || slope.type != ElementType::f32 || slope.shape.size() > y.shape.size()) return false;
    const size_t shift = y.shape.size() - slope.shape.size();
    for (size_t d = 0; d < slope.shape.size(); ++d) {
        if (slope.shape[d].integer() == 1) continue;
        if (d + shift != 1 || !(slope.shape[d] == y.shape[1])) return false;
    }
    return true;
}

class Fusion {
  public:
    explicit Fusion(Network& network) : network_(network), graph_(network) {}

    // Forward through the list: what a node has become is there when the next one asks for it.
    void run() {
        for (uint32_t n = 0; n < network_.nodes.size(); ++n) {
            const auto* op = std::get_if<ElementwiseOp>(&network_.nodes[n].op);
            if (!op) continue;
            if (is_activation(op->function))
                fuse_activation(n, *op);
            else if (op->function == ElementwiseFunction::add)
                fuse_residual(n);
        }
        std::erase_if(network_.nodes, [](const Node& node) { return node.outputs.empty(); });
    }

  private:
    // The convolution that makes `value` for nobody but node n.
    uint32_t convolution_before(ValueId value, uint32_t n) const {
        const uint32_t p = graph_.producer[value];
        if (p == Graph::no_node || graph_.only_consumer(value) != n || !is_convolution(network_.nodes[p]))
            return Graph::no_node;
        const Node& node = network_.nodes[n];
        return same_shape(network_.values[value].shape, network_.values[node.outputs[0]].shape) ? p : Graph::no_node;
    }

    void fuse_activation(uint32_t n, const ElementwiseOp& op) {
        const Node& node = network_.nodes[n];
        const uint32_t p = convolution_before(node.inputs[0], n);
        if (p == Graph::no_node) return;
        const Fused& fused = network_.nodes[p].fused;
        if (fused.activation != ElementwiseFunction::identity || fused.residual == Residual::after_activation) return;
        const bool prelu = op.function == ElementwiseFunction::prelu;
        if (prelu && !is_channel_slope(network_.values[node.inputs[1]], network_.values[node.outputs[0]])) return;

        Node joined = join(p, n);
        joined.fused.activation = op.function;
        joined.fused.alpha = op.alpha;
        joined.fused.beta = op.beta;
        if (prelu) joined.inputs.insert(joined.inputs.begin() + 3, node.inputs[1]);
        replace(p, n, std::move(joined));
    }

    void fuse_residual(uint32_t n) {
        const Node& node = network_.nodes[n];
        if (node.inputs[0] == node.inputs[1]) return;
        uint32_t best = Graph::no_node;
        ValueId residual = no_value;
        for (size_t side = 0; side < 2; ++side) {
            const ValueId other = node.inputs[1 - side];
            const uint32_t p = convolution_before(node.inputs[side], n);
            if (p == Graph::no_node || network_.nodes[p].fused.residual != Residual::none) continue;
            if (!takes_residual(network_.nodes[p]) || network_.values[other].constant) continue;
            if (!same_shape(network_.values[other].shape, network_.values[node.outputs[0]].shape)) continue;
            if (best != Graph::no_node && best > p) continue;  // the one that runs later keeps less memory alive
            best = p;
            residual = other;
        }
        if (best == Graph::no_node) return;
        Node joined = join(best, n);
        joined.fused.residual = joined.fused.activation == ElementwiseFunction::identity ? Residual::before_activation
                                                                                         : Residual::after_activation;
        joined.inputs.push_back(residual);
        replace(best, n, std::move(joined));
    }

    Node join(uint32_t p, uint32_t n) const {
        Node joined = network_.nodes[p];
        if (joined.inputs.size() < 3) joined.inputs.resize(3, no_value);
        joined.name += " + " + network_.nodes[n].name;
        joined.outputs = network_.nodes[n].outputs;
        return joined;
    }

    // The joined node runs where n did: all it reads is there by then.
    void replace(uint32_t p, uint32_t n, Node joined) {
        for (const ValueId v : joined.inputs) {
            if (!has(v)) continue;
            std::erase(graph_.consumers[v], p);
            std::erase(graph_.consumers[v], n);
        }
        for (const ValueId v : joined.inputs)
            if (has(v)) graph_.consumers[v].push_back(n);
        graph_.producer[network_.nodes[p].outputs[0]] = Graph::no_node;
        network_.nodes[p].inputs.clear();
        network_.nodes[p].outputs.clear();
        network_.nodes[n] = std::move(joined);
    }

    Network& network_;
    Graph graph_;
};

}  // namespace

void fuse_epilogues(Network& network) {
    Fusion(network).run();
}

}  // namespace atrous
