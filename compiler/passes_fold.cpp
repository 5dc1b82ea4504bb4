// Constants beside convolutions go into their weights; padding in front of them into their own; weights that say so
// make them depthwise.
#include <algorithm>
#include <cmath>

#include "compiler/graph.h"
#include "compiler/passes.h"

namespace atrous {
namespace {

using F = ElementwiseFunction;

// One factor or summand per channel of `y` (axis 1), if the constant has one number or one per channel.
std::optional<std::vector<double>> per_channel(const Value& constant, const Value& y) {
    if (!constant.constant || constant.type != ElementType::f32 || constant.shape.size() > y.shape.size()) return {};
    const int64_t channels = fixed_extent(y, 1);
    if (channels < 1) return {};
    const size_t shift = y.shape.size() - constant.shape.size();
    for (size_t d = 0; d < constant.shape.size(); ++d) {
        const auto extent = constant.shape[d].integer();
        if (extent != 1 && (d + shift != 1 || extent != channels)) return {};
    }
    const std::vector<float>& numbers = constant.constant->floats;
    if (numbers.size() == static_cast<size_t>(channels)) return std::vector<double>(numbers.begin(), numbers.end());
    if (numbers.size() != 1) return {};
    return std::vector<double>(static_cast<size_t>(channels), numbers[0]);
}

// y = scale·x + shift, per channel; what an elementwise node over constants does.
struct Affine {
    ValueId x = no_value;
    std::vector<double> scale, shift;
};

std::optional<Affine> affine_of(const Network& network, const Node& node) {
    const auto* op = std::get_if<ElementwiseOp>(&node.op);
    if (!op || operands_of(op->function) != 2 || node.inputs.size() != 2) return {};
    const Value& y = network.values[node.outputs[0]];
    if (y.type != ElementType::f32 || y.shape.size() < 2) return {};
    for (size_t side = 0; side < 2; ++side) {
        const Value &x = network.values[node.inputs[side]], &c = network.values[node.inputs[1 - side]];
        if (x.constant || !same_shape(x.shape, y.shape)) continue;
        const auto numbers = per_channel(c, y);
        if (!numbers) continue;
        Affine result{node.inputs[side], std::vector<double>(numbers->size(), 1),
                      std::vector<double>(numbers->size(), 0)};
        if (op->function == F::mul) {
            result.scale = *numbers;
        } else if (op->function == F::div && side == 0) {
            std::ranges::transform(*numbers, result.scale.begin(), [](double number) { return 1 / number; });
        } else if (op->function == F::add) {
            result.shift = *numbers;
        } else if (op->function == F::sub) {
            result.shift = *numbers;
            if (side == 0)
                for (double& shift : result.shift) shift = -shift;
            else
                result.scale.assign(numbers->size(), -1);
        } else {
            continue;
        }
        const auto finite = [](double number) { return std::isfinite(number); };
        if (std::ranges::all_of(result.scale, finite) && std::ranges::all_of(result.shift, finite)) return result;
    }
    return {};
}

bool is_convolution(const Node& node) {
    return std::holds_alternative<ConvOp>(node.op) || std::holds_alternative<TransposedConvOp>(node.op) ||
           std::holds_alternative<LinearOp>(node.op);
}

bool is_plain(const Node& node) {
    return node.fused.activation == F::identity && node.fused.residual == Residual::none;
}

// Which output and input channels weight number i belongs to.
struct WeightChannels {
    int64_t out = 0, in = 0;
};

class WeightOrder {
  public:
    WeightOrder(const Node& node, const std::vector<Size>& shape) {
        const int64_t first = shape.at(0).integer().value_or(0), second = shape.at(1).integer().value_or(0);
        for (size_t d = 2; d < shape.size(); ++d) taps_ *= shape[d].integer().value_or(0);
        inner_ = second;
        if (const auto* conv = std::get_if<ConvOp>(&node.op))
            outer_per_group_ = first / conv->groups;
        else if (const auto* transposed = std::get_if<TransposedConvOp>(&node.op))
            outer_per_group_ = first / transposed->groups;
        else
            outer_per_group_ = first;
        outer_is_out_ = std::holds_alternative<ConvOp>(node.op);
    }
    WeightChannels operator()(size_t i) const {
        const int64_t at = static_cast<int64_t>(i) / taps_, outer = at / inner_;
        const int64_t inner = outer / outer_per_group_ * inner_ + at % inner_;
        return outer_is_out_ ? WeightChannels{outer, inner} : WeightChannels{inner, outer};
    }

  private:
    int64_t taps_ = 1, inner_ = 1, outer_per_group_ = 1;
    bool outer_is_out_ = true;
};

// The convolution's weights and bias as constants that nobody else reads.
class OwnedWeights {
  public:
    OwnedWeights(Network& network, Graph& graph, uint32_t node) : network_(network), graph_(graph), node_(node) {}

    std::vector<float>& weights() { return own(1); }
    std::vector<float>& bias(size_t channels) {
        Node& node = network_.nodes[node_];
        if (node.inputs.size() < 3) node.inputs.resize(3, no_value);
        if (!has(node.inputs[2])) {
            Value zeros{node.name + ".bias", ElementType::f32, {Size(static_cast<int64_t>(channels))}, Constant{}};
            zeros.constant->floats.assign(channels, 0.0f);
            node.inputs[2] = add(std::move(zeros));
        }
        return own(2);
    }

  private:
    std::vector<float>& own(size_t input) {
        const ValueId shared = network_.nodes[node_].inputs[input];
        if (graph_.consumers[shared].size() > 1 || graph_.is_output[shared]) {
            std::vector<uint32_t>& readers = graph_.consumers[shared];
            readers.erase(std::ranges::find(readers, node_));
            network_.nodes[node_].inputs[input] = add(Value(network_.values[shared]));
        }
        return network_.values[network_.nodes[node_].inputs[input]].constant->floats;
    }
    ValueId add(Value value) {
        network_.values.push_back(std::move(value));
        graph_.producer.push_back(Graph::no_node);
        graph_.consumers.push_back({node_});
        graph_.is_output.push_back(false);
        return static_cast<ValueId>(network_.values.size() - 1);
    }

    Network& network_;
    Graph& graph_;
    uint32_t node_;
};

class AffineFolding {
  public:
    explicit AffineFolding(Network& network) : network_(network), graph_(network) {}

    void run() {
        for (uint32_t n = 0; n < network_.nodes.size(); ++n) {
            const auto affine = affine_of(network_, network_.nodes[n]);
            if (affine && !fold_backwards(n, *affine)) fold_forwards(n, *affine);
        }
        std::erase_if(network_.nodes, [](const Node& node) { return node.outputs.empty(); });
    }

  private:
    bool has_constant_weights(const Node& node) const {
        if (!is_convolution(node) || node.inputs.size() < 2 || !is_plain(node)) return false;
        const bool bias = node.inputs.size() > 2 && has(node.inputs[2]);
        return network_.values[node.inputs[1]].constant && (!bias || network_.values[node.inputs[2]].constant);
    }

    // conv, then affine: scale·(Σ w·x + b) + shift.
    bool fold_backwards(uint32_t n, const Affine& affine) {
        const uint32_t p = graph_.producer[affine.x];
        if (p == Graph::no_node || graph_.only_consumer(affine.x) != n || !has_constant_weights(network_.nodes[p]))
            return false;
        OwnedWeights owned(network_, graph_, p);
        const WeightOrder channels(network_.nodes[p], network_.values[network_.nodes[p].inputs[1]].shape);
        std::vector<float>& weights = owned.weights();
        for (size_t i = 0; i < weights.size(); ++i)
            weights[i] = static_cast<float>(weights[i] * affine.scale[static_cast<size_t>(channels(i).out)]);
        std::vector<float>& bias = owned.bias(affine.scale.size());
        for (size_t i = 0; i < bias.size(); ++i)
            bias[i] = static_cast<float>(bias[i] * affine.scale[i] + affine.shift[i]);

        const ValueId result = network_.nodes[n].outputs[0];
        network_.nodes[p].name += " + " + network_.nodes[n].name;
        network_.nodes[p].outputs[0] = result;
        graph_.producer[result] = p;
        drop(n);
        return true;
    }

    // scale·x, then conv: the padding is zero either way.
    bool fold_forwards(uint32_t n, const Affine& affine) {
        if (std::ranges::any_of(affine.shift, [](double shift) { return shift != 0; })) return false;
        const ValueId result = network_.nodes[n].outputs[0];
        const uint32_t c = graph_.only_consumer(result);
        if (c == Graph::no_node || network_.nodes[c].inputs[0] != result || !has_constant_weights(network_.nodes[c]))
            return false;
        const WeightOrder channels(network_.nodes[c], network_.values[network_.nodes[c].inputs[1]].shape);
        std::vector<float>& weights = OwnedWeights(network_, graph_, c).weights();
        for (size_t i = 0; i < weights.size(); ++i)
            weights[i] = static_cast<float>(weights[i] * affine.scale[static_cast<size_t>(channels(i).in)]);

        network_.nodes[c].name = network_.nodes[n].name + " + " + network_.nodes[c].name;
        network_.nodes[c].inputs[0] = affine.x;
        graph_.consumers[affine.x].push_back(c);
        drop(n);
        return true;
    }

    void drop(uint32_t n) {
        for (const ValueId v : network_.nodes[n].inputs) std::erase(graph_.consumers[v], n);
        network_.nodes[n].inputs.clear();
        network_.nodes[n].outputs.clear();
    }

    Network& network_;
    Graph graph_;
};

// The weights between a channel and itself, if all others are zero. (NaN is not.)
std::optional<std::vector<double>> diagonal_of(const Network& network, const Node& node) {
    if (!is_convolution(node) || std::holds_alternative<LinearOp>(node.op) || node.inputs.size() < 2) return {};
    const Value& weights = network.values[node.inputs[1]];
    const int64_t in = fixed_extent(network.values[node.inputs[0]], 1);
    if (!weights.constant || weights.type != ElementType::f32 || in < 2) return {};
    if (weights.shape[0].integer() != in || weights.shape[1].integer() != in) return {};  // a group, or other channels
    const WeightOrder channels(node, weights.shape);
    std::vector<double> result;
    for (size_t i = 0; i < weights.constant->floats.size(); ++i) {
        const WeightChannels at = channels(i);
        const float weight = weights.constant->floats[i];
        if (at.in == at.out)
            result.push_back(weight);
        else if (weight != 0)
            return {};
    }
    return result;
}

ValueId add_constant(Network& network, std::string name, std::vector<Size> shape, const std::vector<double>& numbers) {
    Value value{std::move(name), ElementType::f32, std::move(shape), Constant{}};
    value.constant->floats.assign(numbers.begin(), numbers.end());
    network.values.push_back(std::move(value));
    return static_cast<ValueId>(network.values.size() - 1);
}

}  // namespace

void fold_padding(Network& network) {
    const Graph graph(network);
    for (uint32_t n = 0; n < network.nodes.size(); ++n) {
        const auto* pad = std::get_if<PadOp>(&network.nodes[n].op);
        if (!pad || pad->mode != PadMode::constant || pad->value != 0) continue;
        const size_t rank = pad->begin.size();
        const uint32_t c = graph.only_consumer(network.nodes[n].outputs[0]);
        if (c == Graph::no_node || rank < 3 || rank > 4) continue;
        auto* conv = std::get_if<ConvOp>(&network.nodes[c].op);
        if (!conv || network.nodes[c].inputs[0] != network.nodes[n].outputs[0]) continue;
        Pair begin = conv->pad_begin, end = conv->pad_end;
        bool known = true;
        for (size_t d = 0; d < rank; ++d) {
            const auto b = pad->begin[d].integer(), e = pad->end[d].integer();
            known = known && b && e && (d >= 2 || (*b == 0 && *e == 0));
            if (!known || d < 2) continue;
            begin[d + 2 - rank] += *b;
            end[d + 2 - rank] += *e;
        }
        if (!known) continue;
        conv->pad_begin = begin;
        conv->pad_end = end;
        network.nodes[c].inputs[0] = network.nodes[n].inputs[0];
        network.nodes[c].name = network.nodes[n].name + " + " + network.nodes[c].name;
        network.nodes[n].outputs.clear();
    }
    std::erase_if(network.nodes, [](const Node& node) { return node.outputs.empty(); });
}

void fold_affine(Network& network) {
    AffineFolding(network).run();
}

void affine_to_depthwise(Network& network) {
    const Graph graph(network);
    for (uint32_t n = 0; n < network.nodes.size(); ++n) {
        const auto shift = affine_of(network, network.nodes[n]);
        if (!shift) continue;
        const uint32_t p = graph.producer[shift->x];
        const Value& y = network.values[network.nodes[n].outputs[0]];
        if (p == Graph::no_node || graph.only_consumer(shift->x) != n || y.shape.size() < 3 || y.shape.size() > 4)
            continue;
        if (network.nodes[p].outputs.empty()) continue;
        const auto scale = affine_of(network, network.nodes[p]);
        if (!scale) continue;
        std::vector<double> factors = scale->scale, summands = shift->shift;
        for (size_t c = 0; c < factors.size(); ++c) {
            summands[c] += scale->shift[c] * shift->scale[c];
            factors[c] *= shift->scale[c];
        }
        const auto channels = static_cast<int64_t>(factors.size());
        Node& node = network.nodes[n];
        ConvOp conv;
        conv.groups = channels;
        const std::string name = network.nodes[p].name + " + " + node.name;
        const ValueId weights =
            add_constant(network, name + ".weights", {Size(channels), Size(1), Size(1), Size(1)}, factors);
        const ValueId bias = add_constant(network, name + ".bias", {Size(channels)}, summands);
        node.name = name;
        node.onnx_type = network.nodes[p].onnx_type + " + " + node.onnx_type;
        node.op = conv;
        node.inputs = {scale->x, weights, bias};
        network.nodes[p].outputs.clear();
    }
    std::erase_if(network.nodes, [](const Node& node) { return node.outputs.empty(); });
}

void diagonal_to_depthwise(Network& network) {
    for (Node& node : network.nodes) {
        const auto diagonal = diagonal_of(network, node);
        if (!diagonal) continue;
        const Value& dense = network.values[node.inputs[1]];
        const std::string name = dense.name + ".diagonal";
        std::vector<Size> shape = dense.shape;
        const int64_t channels = shape[0].integer().value();
        shape[1] = Size(1);
        node.inputs[1] = add_constant(network, name, std::move(shape), *diagonal);
        if (auto* conv = std::get_if<ConvOp>(&node.op))
            conv->groups = channels;
        else
            std::get<TransposedConvOp>(node.op).groups = channels;
    }
}

}  // namespace atrous
