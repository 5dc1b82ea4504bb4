#include "compiler/row_loops.h"

#include <algorithm>

#include "compiler/lower_conv.h"

namespace atrous {
namespace {

// Weights are read anew for every few rows, from the second level of cache. What lies between two convolutions is worth
// the trouble where it would have left the caches. Transposed convolutions, and what reads planes, gain far sooner:
// memory is passed over less often.
constexpr int64_t most_weights = 600 * 1024, most_rows_bytes = 96 * 1024;
constexpr int64_t least_between = 12 * 1024 * 1024, least_between_planes = 256 * 1024;
constexpr int64_t fewest_iterations = 8;  // for the threads

Size when_divided(const Size& height, int64_t rows, const Size& otherwise) {
    return select(equals(modulo(height, Size(rows)), Size(0)), Size(rows), otherwise);
}

class RowLoopSearch {
  public:
    explicit RowLoopSearch(const Lowering& to) : to_(to), nodes_(to.network().nodes) {}

    RowLoops run() {
        result_.of_node.resize(nodes_.size());
        for (uint32_t n = 0; n < nodes_.size(); ++n) {
            if (result_.of_node[n] || !can_be_first(nodes_[n])) continue;
            RowLoop loop = loop_from(n);
            if (!is_worthwhile(loop)) continue;
            for (const uint32_t node : loop.nodes) result_.of_node[node] = static_cast<uint32_t>(result_.loops.size());
            result_.loops.push_back(std::move(loop));
        }
        return std::move(result_);
    }

  private:
    ImageShape image(ValueId v) const { return image_of(to_.shape(v)); }
    static ValueId input(const Node& node) { return node.inputs[0]; }
    static ValueId output(const Node& node) { return node.outputs[0]; }

    static int64_t stride_of(const Node& node) {  // output rows of a row of each phase
        const auto* op = std::get_if<TransposedConvOp>(&node.op);
        return op ? op->stride[0] : 1;
    }

    bool is_direct(const Node& node) const {
        if (to_.tuning_of(node).by_rows == false) return false;
        if (!to_.is_blocked(node) || to_.is_narrow(node) || image(output(node)).n.integer() != 1) return false;
        if (const auto* op = std::get_if<TransposedConvOp>(&node.op)) {
            const Size height = image(output(node)).h;
            return phase_extent(height, op->stride[0], 0) == phase_extent(height, op->stride[0], op->stride[0] - 1) &&
                   !is_for_winograd(to_, node);
        }
        return std::holds_alternative<ConvOp>(node.op) && !is_for_winograd(to_, node);
    }

    bool can_be_first(const Node& node) const { return is_direct(node) && !to_.is_put_off(input(node)); }

    // Reads, of its input, the row that it makes.
    bool reads_own_row(const Node& node) const {
        if (const auto* op = std::get_if<TransposedConvOp>(&node.op)) {
            for (int64_t v = 0; v < op->stride[0]; ++v) {
                const Phase phase = phase_of(*op, 0, v);
                if (phase.taps > 1 || (phase.taps == 1 && phase.pad_begin != 0)) return false;
            }
            return image(input(node)).h == phase_extent(image(output(node)).h, op->stride[0], 0);
        }
        const auto* op = std::get_if<ConvOp>(&node.op);
        return op && op->kernel[0] == 1 && op->stride[0] == 1 && op->pad_begin[0] == 0 && op->pad_end[0] == 0;
    }

    bool can_follow(const Node& node, ValueId x) const {
        return std::holds_alternative<ConvOp>(node.op) && is_direct(node) && reads_own_row(node) && input(node) == x &&
               to_.halo_of(x).empty();
    }

    RowLoop loop_from(uint32_t first) const {
        const Graph& graph = to_.graph();
        RowLoop loop;
        loop.nodes = {first};
        for (uint32_t next = graph.only_consumer(output(nodes_[first]));
             next != Graph::no_node && can_follow(nodes_[next], output(nodes_[loop.nodes.back()]));
             next = graph.only_consumer(output(nodes_[next])))
            loop.nodes.push_back(next);

        const ValueId x = input(nodes_[first]), y = output(nodes_[loop.nodes.back()]);
        loop.packs = reads_own_row(nodes_[first]) && graph.only_consumer(x) == first && to_.is_planar(x) &&
                     !to_.value(x).constant && to_.halo_of(x).empty();
        loop.unpacks = !to_.is_part(y) && to_.is_read_as_planes(y);
        const Size height = floor_div(image(output(nodes_[first])).h, Size(stride_of(nodes_[first])));
        loop.rows = rows_of(loop, height);
        loop.rows_out = loop.rows * Size(stride_of(nodes_[first]));
        loop.iterations = floor_div(height, loop.rows);
        return loop;
    }

    int64_t bytes_of(ValueId v) const {
        const ImageShape shape = image(v);
        return 4 * to_.at_hint(shape.c) * to_.at_hint(shape.h) * to_.at_hint(shape.w);
    }

    // Of what does not leave the cache.
    int64_t bytes_between(const RowLoop& loop) const {
        int64_t bytes = loop.packs ? bytes_of(input(nodes_[loop.nodes.front()])) : 0;
        for (const uint32_t n : loop.nodes)
            if (n != loop.nodes.back() || loop.unpacks) bytes += bytes_of(output(nodes_[n]));
        return bytes;
    }

    int64_t weight_bytes(const RowLoop& loop) const {
        int64_t bytes = 0;
        for (const uint32_t n : loop.nodes) bytes += 4 * static_cast<int64_t>(to_.numbers(nodes_[n].inputs[1]).size());
        return bytes;
    }

    // What was found by measuring, where it divides the height, or as many as the first level of cache holds.
    Size rows_of(const RowLoop& loop, const Size& height) const {
        const int64_t hint = std::max<int64_t>(1, to_.at_hint(height));
        int64_t most = 1;
        while (most < 8 && 2 * most * bytes_between(loop) <= most_rows_bytes * hint &&
               2 * most * fewest_iterations <= hint)
            most *= 2;
        const Size rows = rows_at_a_time(height, most);
        for (const uint32_t n : loop.nodes)
            if (const int tuned = to_.tuning_of(nodes_[n]).rows; tuned > 0) return when_divided(height, tuned, rows);
        return rows;
    }

    bool is_worthwhile(const RowLoop& loop) const {
        if (to_.tuning_of(nodes_[loop.nodes.front()]).by_rows == true)
            return bytes_between(loop) > 0 && to_.at_hint(loop.iterations) > 1;
        const bool is_upsampling = std::holds_alternative<TransposedConvOp>(nodes_[loop.nodes.front()].op);
        const int64_t least = loop.packs || is_upsampling ? least_between_planes : least_between;
        return bytes_between(loop) >= least && weight_bytes(loop) <= most_weights &&
               to_.at_hint(loop.iterations) >= fewest_iterations;
    }

    const Lowering& to_;
    const std::vector<Node>& nodes_;
    RowLoops result_;
};

}  // namespace

Size rows_at_a_time(const Size& height, int64_t most) {
    Size rows = 1;
    for (int64_t r = 2; r <= most; r *= 2) rows = when_divided(height, r, rows);
    return rows;
}

RowLoops find_row_loops(const Lowering& to) {
    return RowLoopSearch(to).run();
}

}  // namespace atrous
