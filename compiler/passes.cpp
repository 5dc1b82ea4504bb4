#include "compiler/passes.h"

#include <algorithm>

#include "compiler/graph.h"

namespace atrous {
namespace {

bool is_zero(const Size& size) {
    return size.integer() == 0;
}
bool is_one(const Pair& pair) {
    return pair[0] == 1 && pair[1] == 1;
}
bool is_zero(const Pair& pair) {
    return pair[0] == 0 && pair[1] == 0;
}

// Whether a transpose leaves the order of the elements alone: only axes of extent 1 move.
bool moves_nothing(const TransposeOp& op, const Value& x) {
    int64_t last = -1;
    for (const int64_t axis : op.perm) {
        if (x.shape[static_cast<size_t>(axis)].integer() == 1) continue;
        if (axis < last) return false;
        last = axis;
    }
    return true;
}

bool changes_nothing(const Network& network, const Node& node) {
    if (node.inputs.empty() || node.outputs.size() != 1) return false;
    const Value &x = network.values[node.inputs[0]], &y = network.values[node.outputs[0]];
    if (x.type != y.type || !same_shape(x.shape, y.shape)) return false;
    if (const auto* op = std::get_if<ElementwiseOp>(&node.op)) return op->function == ElementwiseFunction::identity;
    if (const auto* op = std::get_if<SliceOp>(&node.op))
        return std::ranges::all_of(op->step, [](int64_t step) { return step == 1; }) &&
               std::ranges::all_of(op->begin, [](const Size& begin) { return is_zero(begin); });
    if (const auto* op = std::get_if<PadOp>(&node.op))
        return std::ranges::all_of(op->begin, [](const Size& begin) { return is_zero(begin); });
    if (const auto* op = std::get_if<TransposeOp>(&node.op)) return std::ranges::is_sorted(op->perm);
    if (const auto* op = std::get_if<DepthToSpaceOp>(&node.op)) return op->block == 1;
    if (const auto* op = std::get_if<SpaceToDepthOp>(&node.op)) return op->block == 1;
    if (const auto* op = std::get_if<PoolOp>(&node.op))
        return is_one(op->kernel) && is_one(op->stride) && is_zero(op->pad_begin) && is_zero(op->pad_end);
    if (std::holds_alternative<ConcatOp>(node.op)) return node.inputs.size() == 1;
    return std::holds_alternative<CastOp>(node.op) || std::holds_alternative<ReshapeOp>(node.op) ||
           std::holds_alternative<ExpandOp>(node.op);
}

// What stands for a value by now; replacements may have been replaced themselves.
ValueId resolved(const std::vector<ValueId>& replacement, ValueId v) {
    while (replacement[v] != v) v = replacement[v];
    return v;
}

void replace_everywhere(Network& network, const std::vector<ValueId>& replacement) {
    for (Node& node : network.nodes) {
        for (ValueId& v : node.inputs)
            if (has(v)) v = resolved(replacement, v);
        for (ValueId& v : node.outputs)
            if (has(v)) v = resolved(replacement, v);
    }
}

}  // namespace

void keep_all_values(Network& network) {
    std::vector<bool> declared(network.values.size(), false), kept(network.values.size(), false);
    for (const ValueId v : network.outputs) declared[v] = true;
    std::vector<ValueId> outputs;
    for (const Node& node : network.nodes)
        for (const ValueId v : node.outputs) {
            if (!has(v) || kept[v]) continue;
            const Value& value = network.values[v];
            if (!declared[v] && (value.type != ElementType::f32 || value.name.empty())) continue;
            outputs.push_back(v);
            kept[v] = true;
        }
    for (const ValueId v : network.outputs)
        if (!kept[v]) outputs.push_back(v);  // an input or a constant
    network.outputs = std::move(outputs);
}

void remove_dead_nodes(Network& network) {
    std::vector<bool> needed(network.values.size(), false);
    for (const ValueId v : network.outputs) needed[v] = true;
    std::vector<Node> alive;
    for (auto node = network.nodes.rbegin(); node != network.nodes.rend(); ++node) {
        if (std::ranges::none_of(node->outputs, [&](ValueId v) { return has(v) && needed[v]; })) continue;
        for (const ValueId v : node->inputs)
            if (has(v)) needed[v] = true;
        alive.push_back(std::move(*node));
    }
    std::ranges::reverse(alive);
    network.nodes = std::move(alive);
    for (ValueId v = 0; v < network.values.size(); ++v)
        if (!needed[v]) network.values[v].constant.reset();
}

void remove_identities(Network& network) {
    for (Node& node : network.nodes)
        if (const auto* transpose = std::get_if<TransposeOp>(&node.op))
            if (moves_nothing(*transpose, network.values[node.inputs[0]])) node.op = ReshapeOp{};

    const Graph graph(network);
    std::vector<ValueId> replacement(network.values.size());
    for (ValueId v = 0; v < replacement.size(); ++v) replacement[v] = v;
    std::vector<Node> kept;
    for (Node& node : network.nodes) {
        if (!changes_nothing(network, node)) {
            kept.push_back(std::move(node));
            continue;
        }
        const ValueId from = resolved(replacement, node.inputs[0]), to = node.outputs[0];
        if (!graph.is_output[to]) {
            replacement[to] = from;
        } else if (graph.producer[from] != Graph::no_node && !graph.is_output[from]) {
            replacement[from] = to;  // whoever makes `from` makes the output itself
        } else {
            kept.push_back(std::move(node));
        }
    }
    network.nodes = std::move(kept);
    replace_everywhere(network, replacement);
}

void skip_expansions(Network& network) {
    const Graph graph(network);
    for (Node& node : network.nodes) {
        if (!std::holds_alternative<ElementwiseOp>(node.op)) continue;
        for (ValueId& v : node.inputs) {
            const uint32_t p = graph.producer[v];
            if (p != Graph::no_node && std::holds_alternative<ExpandOp>(network.nodes[p].op))
                v = network.nodes[p].inputs[0];
        }
    }
    remove_dead_nodes(network);
}

void run_passes(Network& network, bool keep_all) {
    if (keep_all) keep_all_values(network);
    remove_dead_nodes(network);
    remove_identities(network);
    skip_expansions(network);
    find_activation_patterns(network);
    fold_padding(network);
    fold_affine(network);
    affine_to_depthwise(network);
    diagonal_to_depthwise(network);
    fuse_epilogues(network);
    remove_dead_nodes(network);
}

}  // namespace atrous
