#include "compiler/layout.h"

#include <algorithm>

#include "compiler/phases.h"
#include "schedules/registry.h"

namespace atrous {
namespace {

constexpr int64_t fewest_blocked_channels = 8;  // below, a block of 16 is mostly padding
constexpr int64_t most_narrow_channels = 3;     // each reads the whole image again
constexpr int64_t most_phases = 1024;           // one kernel call each
constexpr int deepest_part = 64;                // concatenations within concatenations

bool is_image(const Value& value) {
    return value.type == ElementType::f32 && value.shape.size() >= 2 && value.shape.size() <= 4 &&
           fixed_extent(value, 1) > 0;
}

enum class Choice { planar, c16, either, narrow };

class LayoutChoice {
  public:
    LayoutChoice(const Network& network, const Graph& graph, const std::string& target,
                 const std::function<bool(const Node&)>& reads_parts)
        : network_(network), graph_(graph), target_(target), reads_parts_(reads_parts) {}

    NetworkLayout run() {
        choose_nodes();
        layout_.home.assign(network_.values.size(), Packing::planar);
        for (size_t n = 0; n < network_.nodes.size(); ++n)
            for (const ValueId v : network_.nodes[n].outputs)
                if (has(v)) layout_.home[v] = layout_.node[n];
        put_off_concatenations();
        choose_parts();
        choose_halos();
        return std::move(layout_);
    }

  private:
    const Value& value(ValueId v) const { return network_.values[v]; }

    // Convolutions want what their schedules want. All others that can do both follow whoever is beside them, first
    // those before, then those after.
    void choose_nodes() {
        for (const Node& node : network_.nodes) choices_.push_back(choice_of(node));
        for (size_t n = 0; n < choices_.size(); ++n)
            if (choices_[n] == Choice::either && reads_blocked(network_.nodes[n])) choices_[n] = Choice::c16;
        for (size_t n = choices_.size(); n-- > 0;)
            if (choices_[n] == Choice::either && feeds_blocked(network_.nodes[n])) choices_[n] = Choice::c16;
        for (const Choice choice : choices_) {
            layout_.node.push_back(choice == Choice::c16 ? Packing::c16 : Packing::planar);
            layout_.narrow.push_back(choice == Choice::narrow);
        }
    }

    bool reads_blocked(const Node& node) const {
        return std::ranges::any_of(node.inputs, [&](ValueId v) {
            return has(v) && graph_.producer[v] != Graph::no_node && choices_[graph_.producer[v]] == Choice::c16;
        });
    }

    bool feeds_blocked(const Node& node) const {
        if (is_view(network_, node, Packing::c16)) return false;  // packing the view alone is cheaper
        return std::ranges::any_of(graph_.consumers[node.outputs[0]], [&](uint32_t n) {
            return choices_[n] == Choice::c16 || choices_[n] == Choice::narrow;
        });
    }

    Choice choice_of(const Node& node) const {
        if (node.outputs.size() != 1 || !is_image(value(node.outputs[0]))) return Choice::planar;
        if (std::holds_alternative<ElementwiseOp>(node.op))
            return elementwise_takes_blocks(node) ? Choice::either : Choice::planar;
        if (!is_image(value(node.inputs[0]))) return Choice::planar;
        if (const auto* conv = std::get_if<ConvOp>(&node.op)) return convolution_choice(node, *conv);
        if (const auto* transposed = std::get_if<TransposedConvOp>(&node.op))
            return transposed_choice(node, *transposed);
        if (std::holds_alternative<LinearOp>(node.op))
            return preferred(node, {}, fixed_extent(value(node.inputs[0]), 1), fixed_extent(value(node.outputs[0]), 1),
                             1);
        return takes_both(node) ? Choice::either : Choice::planar;
    }

    Choice preferred(const Node& node, const ConvSpec& shape, int64_t in, int64_t out, int64_t groups) const {
        ConvSpec spec = shape;
        spec.packing = Packing::c16;
        spec.grouped = groups > 1;
        spec.activation = node.fused.activation;
        spec.residual = node.fused.residual;
        const Packing packing = preferred_packing(spec, in / groups, out / groups, groups, target_);
        return packing == Packing::c16 ? Choice::c16 : Choice::planar;
    }

    bool can_block_groups(const Node& node, int64_t in, int64_t out, int64_t groups) const {
        const bool whole_blocks = in / groups % channel_block == 0 && out / groups % channel_block == 0;
        return groups == 1 || whole_blocks || is_depthwise(network_, node);
    }

    Choice convolution_choice(const Node& node, const ConvOp& op) const {
        const int64_t in = fixed_extent(value(node.inputs[0]), 1), out = fixed_extent(value(node.outputs[0]), 1);
        if (!can_block_groups(node, in, out, op.groups)) return Choice::planar;
        ConvSpec spec;
        spec.kernel_y = static_cast<int>(op.kernel[0]);
        spec.kernel_x = static_cast<int>(op.kernel[1]);
        spec.stride_y = static_cast<int>(op.stride[0]);
        spec.stride_x = static_cast<int>(op.stride[1]);
        const Choice choice = preferred(node, spec, in, out, op.groups);
        return choice == Choice::c16 && is_narrow(network_, node) ? Choice::narrow : choice;
    }

    Choice transposed_choice(const Node& node, const TransposedConvOp& op) const {
        const int64_t in = fixed_extent(value(node.inputs[0]), 1), out = fixed_extent(value(node.outputs[0]), 1);
        if (!can_block_groups(node, in, out, op.groups)) return Choice::planar;
        if (op.stride[0] > most_phases || op.stride[1] > most_phases || op.stride[0] * op.stride[1] > most_phases)
            return Choice::planar;
        // Where nobody needs blocks, they would only be taken apart again.
        const bool read_blocked = std::ranges::any_of(graph_.consumers[node.outputs[0]], [&](uint32_t n) {
            const Op& reader = network_.nodes[n].op;
            return std::holds_alternative<ConvOp>(reader) || std::holds_alternative<TransposedConvOp>(reader);
        });
        if (!read_blocked && can_widen(network_, node)) return Choice::planar;
        if (is_phased(network_, node, target_) && is_read_planar(node.outputs[0])) return Choice::planar;
        ConvSpec spec;
        spec.kernel_y = static_cast<int>(std::max<int64_t>(1, phase_of(op, 0, 0).taps));
        spec.kernel_x = static_cast<int>(std::max<int64_t>(1, phase_of(op, 1, 0).taps));
        return preferred(node, spec, in, out, op.groups);
    }

    // Whether nobody could want blocks of it, not even behind a few operators that take either.
    bool is_read_planar(ValueId v, int farthest = 4) const {
        return std::ranges::all_of(graph_.consumers[v], [&](uint32_t n) {
            const Node& reader = network_.nodes[n];
            const Op& op = reader.op;
            if (std::holds_alternative<ConvOp>(op) || std::holds_alternative<TransposedConvOp>(op) ||
                std::holds_alternative<ConcatOp>(op))
                return false;
            if (choice_of(reader) == Choice::planar) return true;
            const bool alone = std::ranges::all_of(
                reader.inputs, [&](ValueId other) { return other == v || !has(other) || value(other).constant; });
            return alone && std::holds_alternative<ElementwiseOp>(op) && farthest > 0 &&
                   is_read_planar(reader.outputs[0], farthest - 1);
        });
    }

    bool has_few_channels(const Node& node) const {
        return fixed_extent(value(node.outputs[0]), 1) < fewest_blocked_channels;
    }

    // Operators with a blocked kernel beside the planar one, where the shapes allow it.
    bool takes_both(const Node& node) const {
        if (has_few_channels(node)) return false;
        if (std::holds_alternative<PoolOp>(node.op) || std::holds_alternative<GlobalPoolOp>(node.op) ||
            std::holds_alternative<ResizeOp>(node.op))
            return true;
        if (std::holds_alternative<ConcatOp>(node.op)) return concat_takes_blocks(node);
        return is_view(network_, node, Packing::c16);
    }

    bool elementwise_takes_blocks(const Node& node) const {
        const auto function = std::get<ElementwiseOp>(node.op).function;
        if (has_few_channels(node)) return false;
        if (function == ElementwiseFunction::equal || function == ElementwiseFunction::where) return false;
        const Value& y = value(node.outputs[0]);
        return std::ranges::all_of(node.inputs, [&](ValueId v) {
            const Value& x = value(v);
            if (x.type != ElementType::f32 || x.shape.size() > y.shape.size()) return false;
            if (x.constant || x.shape.size() == y.shape.size()) return true;
            const size_t shift = y.shape.size() - x.shape.size();  // an operand of lower rank: its axes mean others
            return shift > 1 || x.shape[1 - shift].integer() == 1;
        });
    }

    bool concat_takes_blocks(const Node& node) const {
        const auto axis = static_cast<size_t>(std::get<ConcatOp>(node.op).axis);
        if (axis > 1) return false;
        Size begin;
        for (const ValueId v : node.inputs) {
            if (!is_image(value(v)) || !is_blocked_part(value(node.outputs[0]), axis, begin)) return false;
            begin = begin + value(v).shape[axis];
        }
        return true;
    }

    // The parts of a concatenation often come at very different times, the skip connection of a U-Net long before what
    // it is joined with: memory for all of it would lie idle until then.
    void put_off_concatenations() {
        layout_.put_off.resize(network_.values.size());
        for (size_t n = 0; n < network_.nodes.size(); ++n) {
            const Node& node = network_.nodes[n];
            const auto* concat = std::get_if<ConcatOp>(&node.op);
            if (!concat || concat->axis != 1 || layout_.node[n] != Packing::c16) continue;
            const ValueId y = node.outputs[0];
            layout_.put_off[y] = !graph_.is_output[y] && std::ranges::all_of(graph_.consumers[y], [&](uint32_t reader) {
                const Node& conv = network_.nodes[reader];
                const bool as_input = std::ranges::count(conv.inputs, y) == 1 && conv.inputs[0] == y;
                return layout_.node[reader] == Packing::c16 && as_input && reads_parts_(conv);
            });
        }
    }

    // A concatenation's inputs are made in place, in its packing, unless somebody else decides where they lie.
    void choose_parts() {
        layout_.planar_part.resize(network_.values.size());
        layout_.blocked_part.resize(network_.values.size());
        std::vector<int> nesting(network_.values.size());
        for (size_t n = 0; n < network_.nodes.size(); ++n) {
            const auto* concat = std::get_if<ConcatOp>(&network_.nodes[n].op);
            const Node& node = network_.nodes[n];
            if (!concat || layout_.put_off[node.outputs[0]]) continue;
            const auto axis = static_cast<size_t>(concat->axis);
            auto& parts = layout_.node[n] == Packing::c16 ? layout_.blocked_part : layout_.planar_part;
            Size begin;
            for (const ValueId v : node.inputs) {
                if (!parts[v] && nesting[v] < deepest_part && can_be_made_in_place(v, layout_.node[n])) {
                    parts[v] = {node.outputs[0], axis, begin};
                    nesting[node.outputs[0]] = std::max(nesting[node.outputs[0]], nesting[v] + 1);
                }
                begin = begin + value(v).shape[axis];
            }
        }
    }

    bool can_be_made_in_place(ValueId v, Packing packing) const {
        const uint32_t p = graph_.producer[v];
        if (value(v).constant) return false;
        if (layout_.home[v] != packing) return !(packing == Packing::planar && graph_.is_output[v]);
        if (p == Graph::no_node) return false;
        const Node& maker = network_.nodes[p];
        if (is_view(network_, maker, packing)) return false;
        if (packing == Packing::c16) return true;
        // These want their result dense.
        const bool dense = std::holds_alternative<SoftmaxOp>(maker.op) || std::holds_alternative<ArgmaxOp>(maker.op) ||
                           std::holds_alternative<InstanceNormOp>(maker.op) || std::holds_alternative<CastOp>(maker.op);
        return !dense && !graph_.is_output[v];
    }

    void choose_halos() {
        layout_.halo.resize(network_.values.size());
        for (size_t n = network_.nodes.size(); n-- > 0;) {
            const Node& node = network_.nodes[n];
            if (layout_.node[n] != Packing::c16 && !layout_.narrow[n]) continue;
            if (layout_.put_off[node.outputs[0]])
                for (const ValueId v : node.inputs) layout_.halo[v].cover(layout_.halo[node.outputs[0]]);
            else if (is_view(network_, node, Packing::c16))
                layout_.halo[node.inputs[0]].cover(layout_.halo[node.outputs[0]]);
            else
                layout_.halo[node.inputs[0]].cover(halo_of(network_, node));
        }
        // A part's halo is the whole's, and a whole may be a part of another that comes later.
        for (const Node& node : network_.nodes) {
            if (!std::holds_alternative<ConcatOp>(node.op)) continue;
            for (const ValueId v : node.inputs)
                if (const auto& part = layout_.blocked_part[v]) layout_.halo[part->whole].cover(layout_.halo[v]);
        }
    }

    const Network& network_;
    const Graph& graph_;
    const std::string& target_;
    const std::function<bool(const Node&)>& reads_parts_;
    std::vector<Choice> choices_;
    NetworkLayout layout_;
};

// What a stride-1 or strided convolution reads past the last column: exactly where sizes are known or cancel, else as
// far as its padding says.
int64_t reach(const Size& out, const Size& in, int64_t stride, int64_t taps, int64_t dilation, int64_t begin,
              int64_t end) {
    const Size past = (out - Size(1)) * Size(stride) + Size((taps - 1) * dilation - begin) - (in - Size(1));
    return std::max<int64_t>(0, past.integer().value_or(end));
}

Halo convolution_halo(const ImageShape& x, const ImageShape& y, const ConvOp& op) {
    return {std::max<int64_t>(0, op.pad_begin[1]), std::max<int64_t>(0, op.pad_begin[0]),
            reach(y.w, x.w, op.stride[1], op.kernel[1], op.dilation[1], op.pad_begin[1], op.pad_end[1]),
            reach(y.h, x.h, op.stride[0], op.kernel[0], op.dilation[0], op.pad_begin[0], op.pad_end[0])};
}

// Of one axis: {begin, end}.
Pair transposed_halo(const Size& in, const Size& out, const TransposedConvOp& op, size_t axis) {
    Pair halo{0, 0};
    for (int64_t p = 0; p < op.stride[axis]; ++p) {
        const Phase phase = phase_of(op, axis, p);
        if (phase.taps == 0) continue;
        halo[0] = std::max(halo[0], phase.pad_begin);
        const Size past =
            phase_extent(out, op.stride[axis], p) + Size((phase.taps - 1) * phase.dilation - phase.pad_begin) - in;
        const int64_t bound = op.kernel[axis] * op.dilation[axis] + op.output_padding[axis];
        halo[1] = std::max(halo[1], past.integer().value_or(bound));
    }
    return halo;
}

}  // namespace

bool is_narrow(const Network& network, const Node& node) {
    const auto* conv = std::get_if<ConvOp>(&node.op);
    if (!conv || conv->groups != 1 || node.fused.residual != Residual::none) return false;
    return fixed_extent(network.values[node.inputs[0]], 1) >= channel_block &&
           fixed_extent(network.values[node.outputs[0]], 1) <= most_narrow_channels;
}

bool is_depthwise(const Network& network, const Node& node) {
    const int64_t in = fixed_extent(network.values[node.inputs[0]], 1);
    const int64_t out = fixed_extent(network.values[node.outputs[0]], 1);
    if (const auto* conv = std::get_if<ConvOp>(&node.op)) return conv->groups > 1 && conv->groups == in && in == out;
    if (const auto* conv = std::get_if<TransposedConvOp>(&node.op))
        return conv->groups > 1 && conv->groups == in && in == out;
    return false;
}

bool can_widen(const Network& network, const Node& node) {
    const auto* op = std::get_if<TransposedConvOp>(&node.op);
    if (!op || !is_depthwise(network, node)) return false;
    const int64_t stride = op->stride[1];
    if (stride != 4 && stride != 8 && stride != 16) return false;  // whole vectors
    if (op->dilation != Pair{1, 1} || op->kernel[0] < op->stride[0] || op->stride[0] > most_phases) return false;
    const Size width = image_of(network.values[node.outputs[0]].shape).w;
    return phase_extent(width, stride, 0) == phase_extent(width, stride, stride - 1);
}

bool is_phased(const Network& network, const Node& node, const std::string& target) {
    constexpr int64_t most_stride = 8;     // as many sums of each output channel
    constexpr int64_t fewest_pixels = 32;  // of a phase's row: two vectors
    constexpr int64_t fewest_rows = 8;     // which are shared out among threads
    const auto* op = std::get_if<TransposedConvOp>(&node.op);
    if (!op || op->groups != 1 || op->dilation != Pair{1, 1}) return false;
    const ImageShape out = image_of(network.values[node.outputs[0]].shape);
    for (size_t axis = 0; axis < 2; ++axis) {
        const int64_t stride = op->stride[axis];
        const Size& extent = axis == 0 ? out.h : out.w;
        if (stride > most_stride || op->pad_begin[axis] < 0 || op->pad_begin[axis] >= op->kernel[axis]) return false;
        if (phase_extent(extent, stride, 0) != phase_extent(extent, stride, stride - 1)) return false;
    }
    const auto area = [](const Pair& pair) { return static_cast<double>(pair[0]) * static_cast<double>(pair[1]); };
    const auto has_few = [](const Size& extent, int64_t stride, int64_t few) {
        return phase_extent(extent, stride, 0).integer().value_or(few) < few;
    };
    if (has_few(out.w, op->stride[1], fewest_pixels) || has_few(out.h, op->stride[0], fewest_rows)) return false;
    return out.n.integer() == 1 && op->stride != Pair{1, 1} &&
           area(op->kernel) <= most_phased_taps(target) * area(op->stride);
}

bool is_blocked_part(const Value& whole, size_t axis, const Size& begin) {
    if (axis == 0) return true;
    const auto channel = begin.integer();
    return axis == 1 && fixed_extent(whole, 1) > 0 && channel && *channel % channel_block == 0;
}

bool is_view(const Network& network, const Node& node, Packing packing) {
    if (node.inputs.empty()) return false;
    const Value &x = network.values[node.inputs[0]], &y = network.values[node.outputs[0]];
    if (x.constant) return false;
    if (std::holds_alternative<ReshapeOp>(node.op))
        return packing == Packing::planar ||
               (is_image(x) && is_image(y) && same_image(image_of(x.shape), image_of(y.shape)));
    const auto* slice = std::get_if<SliceOp>(&node.op);
    if (!slice) return false;
    for (size_t d = 0; d < slice->step.size(); ++d) {
        const bool whole = slice->step[d] == 1 && slice->begin[d].integer() == 0 && y.shape[d] == x.shape[d];
        if (whole) continue;
        if (packing == Packing::c16) {
            if (!is_image(x) || slice->step[d] != 1 || !is_blocked_part(x, d, slice->begin[d])) return false;
        } else if (slice->step[d] < 1 || (d + 1 == slice->step.size() && slice->step[d] != 1)) {
            return false;
        }
    }
    return packing == Packing::planar || is_image(x);
}

Halo halo_of(const Network& network, const Node& node) {
    const ImageShape x = image_of(network.values[node.inputs[0]].shape),
                     y = image_of(network.values[node.outputs[0]].shape);
    if (const auto* conv = std::get_if<ConvOp>(&node.op)) return convolution_halo(x, y, *conv);
    const auto* op = std::get_if<TransposedConvOp>(&node.op);
    if (!op) return {};
    const Pair vertical = transposed_halo(x.h, y.h, *op, 0), horizontal = transposed_halo(x.w, y.w, *op, 1);
    return {horizontal[0], vertical[0], horizontal[1], vertical[1]};
}

NetworkLayout choose_layout(const Network& network, const Graph& graph, const std::string& target,
                            const std::function<bool(const Node&)>& reads_parts) {
    return LayoutChoice(network, graph, target, reads_parts).run();
}

}  // namespace atrous
