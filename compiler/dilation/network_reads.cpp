#include "compiler/dilation/network_reads.h"

#include <algorithm>
#include <optional>

#include "runtime/error.h"

namespace atrous::dilation {

namespace {

// Which axes of a value are height and width.
struct SpatialAxes {
    std::optional<size_t> y, x;
};

SpatialAxes of_input(size_t rank) {
    if (rank == 4) return {2, 3};
    if (rank == 3) return {std::nullopt, 2};
    return {};
}

Outside outside_of(PadMode mode) {
    switch (mode) {
    case PadMode::constant:
        return Outside::padding;
    case PadMode::reflect:
        return Outside::reflect;
    case PadMode::edge:
        return Outside::edge;
    case PadMode::wrap:
        return Outside::wrap;
    }
    return Outside::padding;
}

double evaluate_at(const Network& network, const Size& size, const InputSize& input) {
    return size.evaluate([&](uint32_t i, uint32_t dim) -> int64_t {
        const size_t rank = network.values[network.inputs.at(i)].shape.size();
        if (rank == 4 && dim == 2) return input.height;
        if (rank >= 3 && dim + 1 == rank) return input.width;
        return 1;
    });
}

class Builder {
  public:
    Builder(const Network& network, const InputSize& size)
        : network_(network), size_(size), axes_(network.values.size()) {
        graph_.reads.resize(network.values.size());
        graph_.extent.assign(network.values.size(), {1, 1});
    }

    ReadGraph build() {
        for (const ValueId input : network_.inputs) {
            set_axes(input, of_input(network_.values[input].shape.size()));
            graph_.inputs.push_back(input);
        }
        for (const Node& node : network_.nodes) {
            node_ = &node;
            std::visit(*this, node.op);
            for (const ValueId output : node.outputs) graph_.order.push_back(output);
        }
        graph_.outputs.assign(network_.outputs.begin(), network_.outputs.end());
        return std::move(graph_);
    }

    void operator()(const ConvOp& op) {
        const auto window = [&](size_t axis) {
            return AxisReads{WindowReads{op.kernel[axis], op.stride[axis], op.dilation[axis], op.pad_begin[axis]}};
        };
        windowed(window(0), window(1));
    }
    void operator()(const TransposedConvOp& op) {
        const auto window = [&](size_t axis) {
            return AxisReads{TransposedReads{op.kernel[axis], op.stride[axis], op.dilation[axis], op.pad_begin[axis]}};
        };
        windowed(window(0), window(1));
    }
    void operator()(const PoolOp& op) {
        const auto window = [&](size_t axis) {
            return AxisReads{WindowReads{op.kernel[axis], op.stride[axis], op.dilation[axis], op.pad_begin[axis]}};
        };
        windowed(window(0), window(1));
    }
    void operator()(const ResizeOp& op) {
        like_input();
        const auto resize = [&](size_t axis) {
            const double scale = evaluate(op.scale[axis]);
            if (!(scale > 1e-6 && scale < 1e6)) refuse("scales by " + std::to_string(scale));
            return AxisReads{ResizeReads{op.mode, op.coordinates, op.rounding, scale, graph_.extent[result()][axis]}, 1,
                             Outside::edge};
        };
        read(data(), resize(0), resize(1));
    }
    void operator()(const LinearOp&) {
        set_axes(result(), {});
        for (const ValueId input : node_->inputs) {
            if (input == data() && axes_[input].x)
                read_whole(input);
            else
                read_broadcasting(input);
        }
    }
    void operator()(const GlobalPoolOp& op) {
        set_axes(result(), op.keep_dims ? axes_[data()] : SpatialAxes{});
        read_whole(data());
    }
    void operator()(const ElementwiseOp&) {
        set_axes(result(), widest_axes());
        for (const ValueId input : distinct_inputs()) read_broadcasting(input);
    }
    void operator()(const ExpandOp&) { (*this)(ElementwiseOp{}); }
    void operator()(const CastOp&) { pointwise(); }
    void operator()(const SoftmaxOp& op) { along(op.axis, axes_[data()]); }
    void operator()(const ArgmaxOp& op) {
        SpatialAxes axes = axes_[data()];
        const size_t reduced = static_cast<size_t>(op.axis);
        for (std::optional<size_t>* axis : {&axes.y, &axes.x}) {
            if (!*axis || op.keep_dims) continue;
            if (**axis == reduced)
                axis->reset();
            else if (**axis > reduced)
                --**axis;
        }
        along(op.axis, axes);
    }
    void operator()(const InstanceNormOp&) {
        pointwise();
        read_whole(data());  // for mean and deviation
    }
    void operator()(const ConcatOp& op) {
        set_axes(result(), widest_axes());
        int64_t begin = 0;
        for (const ValueId input : node_->inputs) {
            const int64_t extent = extent_of(input, static_cast<size_t>(op.axis));
            const auto part = [&](const std::optional<size_t>& axis) {
                const bool joined = axis == static_cast<size_t>(op.axis);
                return AxisReads{WindowReads{1, 1, 1, joined ? begin : 0}};
            };
            if (!network_.values[input].constant) read(input, part(axes_[result()].y), part(axes_[result()].x));
            begin += extent;
        }
    }
    void operator()(const SliceOp& op) {
        like_input();
        const auto slice = [&](const std::optional<size_t>& axis) {
            if (!axis) return AxisReads{WindowReads{}};
            const double begin = evaluate(op.begin[*axis]);
            return AxisReads{WindowReads{1, op.step[*axis], 1, -static_cast<int64_t>(begin)}};
        };
        read(data(), slice(axes_[data()].y), slice(axes_[data()].x));
    }
    void operator()(const PadOp& op) {
        like_input();
        const auto pad = [&](const std::optional<size_t>& axis) {
            if (!axis) return AxisReads{WindowReads{}};
            const double begin = evaluate(op.begin[*axis]);
            return AxisReads{WindowReads{1, 1, 1, static_cast<int64_t>(begin)}, 1, outside_of(op.mode)};
        };
        read(data(), pad(axes_[data()].y), pad(axes_[data()].x));
    }
    void operator()(const TransposeOp& op) {
        SpatialAxes axes;
        for (size_t to = 0; to < op.perm.size(); ++to) {
            if (axes_[data()].y == static_cast<size_t>(op.perm[to])) axes.y = to;
            if (axes_[data()].x == static_cast<size_t>(op.perm[to])) axes.x = to;
        }
        set_axes(result(), axes);
        read(data(), AxisReads{WindowReads{}}, AxisReads{WindowReads{}});
    }
    // Height and width survive where the extents behind them do.
    void operator()(const ReshapeOp&) {
        const SpatialAxes axes = axes_[data()];
        const std::vector<Size>&from = network_.values[data()].shape, &to = network_.values[result()].shape;
        size_t same = 0;
        while (same < std::min(from.size(), to.size()) && from[from.size() - 1 - same] == to[to.size() - 1 - same])
            ++same;
        const auto kept = [&](const std::optional<size_t>& axis) { return !axis || *axis + same >= from.size(); };
        const auto moved = [&](const std::optional<size_t>& axis) {
            return axis ? std::optional<size_t>(*axis + to.size() - from.size()) : std::nullopt;
        };
        if (kept(axes.y) && kept(axes.x)) {
            set_axes(result(), {moved(axes.y), moved(axes.x)});
            return read(data(), AxisReads{WindowReads{}}, AxisReads{WindowReads{}});
        }
        set_axes(result(), to.size() == 4 ? of_input(4) : SpatialAxes{});
        read_whole(data());
    }
    void operator()(const DepthToSpaceOp& op) {
        like_input();
        const AxisReads block{ResizeReads{ResizeMode::nearest, ResizeCoordinates::asymmetric, NearestRounding::floor,
                                          static_cast<double>(op.block), 2}};
        read(data(), block, block);
    }
    void operator()(const SpaceToDepthOp& op) {
        like_input();
        const AxisReads block{WindowReads{op.block, op.block, 1, 0}};
        read(data(), block, block);
    }

  private:
    ValueId data() const { return node_->inputs[0]; }
    ValueId result() const { return node_->outputs[0]; }

    [[noreturn]] void refuse(const std::string& problem) const {
        throw Error(network_.file + ": node \"" + node_->name + "\" (" + node_->onnx_type + ")", problem,
                    "give another --size");
    }
    double evaluate(const Size& size) const { return evaluate_at(network_, size, size_); }
    int64_t extent_of(ValueId value, size_t axis) const {
        return extent_at(network_, network_.values[value].shape.at(axis), size_);
    }
    void set_axes(ValueId value, const SpatialAxes& axes) {
        axes_[value] = axes;
        graph_.extent[value] = {axes.y ? extent_of(value, *axes.y) : 1, axes.x ? extent_of(value, *axes.x) : 1};
    }
    void like_input() { set_axes(result(), axes_[data()]); }

    void read(ValueId from, AxisReads y, AxisReads x) {
        y.in = graph_.extent[from][0];
        x.in = graph_.extent[from][1];
        graph_.reads[result()].push_back({from, y, x});
    }
    void read_whole(ValueId from) { read(from, AxisReads{WholeReads{}}, AxisReads{WholeReads{}}); }
    void pointwise() {
        like_input();
        read(data(), AxisReads{WindowReads{}}, AxisReads{WindowReads{}});
    }
    // Every position along the axis depends on all others.
    void along(int64_t axis, const SpatialAxes& result_axes) {
        const SpatialAxes from = axes_[data()];
        set_axes(result(), result_axes);
        const bool y = from.y == static_cast<size_t>(axis), x = from.x == static_cast<size_t>(axis);
        read(data(), AxisReads{WindowReads{}}, AxisReads{WindowReads{}});
        if (y || x) read_whole(data());
    }
    // The operator's own input by its window; what fusion has added (a residual) pixel by pixel.
    void windowed(const AxisReads& y, const AxisReads& x) {
        like_input();
        read(data(), y, x);
        for (size_t i = 1; i < node_->inputs.size(); ++i) {
            const ValueId input = node_->inputs[i];
            if (input == no_value || network_.values[input].constant) continue;
            const bool residual = node_->fused.residual != Residual::none && i + 1 == node_->inputs.size();
            if (residual)
                read_broadcasting(input);
            else
                read_whole(input);  // weights that are computed
        }
    }
    // numpy's rules: axes are counted from the last; extents of one are repeated.
    void read_broadcasting(ValueId input) {
        if (input == no_value || network_.values[input].constant) return;
        const size_t rank = network_.values[result()].shape.size(), own = network_.values[input].shape.size();
        const AxisReads same{WindowReads{}}, repeated{WindowReads{1, 0, 1, 0}}, whole{WholeReads{}};
        const auto aligned = [&](const std::optional<size_t>& axis, const std::optional<size_t>& of_input) {
            if (!axis) return of_input ? whole : same;
            if (*axis + own < rank || !of_input) return repeated;
            const size_t here = *axis + own - rank;
            if (extent_of(input, here) == 1 && extent_of(result(), *axis) != 1) return repeated;
            return of_input == here ? same : whole;
        };
        read(input, aligned(axes_[result()].y, axes_[input].y), aligned(axes_[result()].x, axes_[input].x));
    }
    std::vector<ValueId> distinct_inputs() const {
        std::vector<ValueId> inputs = node_->inputs;
        std::sort(inputs.begin(), inputs.end());
        inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
        return inputs;
    }
    // Of the operand of the highest rank that has any, and of those the largest; counted in the result.
    SpatialAxes widest_axes() const {
        const size_t rank = network_.values[result()].shape.size();
        SpatialAxes axes;
        std::pair<size_t, int64_t> widest;
        for (const ValueId input : node_->inputs) {
            if (input == no_value || !axes_[input].x) continue;
            const size_t own = network_.values[input].shape.size();
            const std::pair<size_t, int64_t> width(own, graph_.extent[input][0] * graph_.extent[input][1]);
            if (own > rank || width <= widest) continue;
            widest = width;
            const auto in_result = [&](const std::optional<size_t>& axis) {
                return axis ? std::optional<size_t>(*axis + rank - own) : std::nullopt;
            };
            axes = {in_result(axes_[input].y), in_result(axes_[input].x)};
        }
        return axes;
    }

    const Network& network_;
    InputSize size_;
    ReadGraph graph_;
    std::vector<SpatialAxes> axes_;
    const Node* node_ = nullptr;
};

}  // namespace

int64_t extent_at(const Network& network, const Size& size, const InputSize& input) {
    const double value = evaluate_at(network, size, input);
    if (value >= 1 && value <= 2147483647) return static_cast<int64_t>(value);
    throw Error(network.file,
                "a tensor's extent would be " + size.text() + " for an input of " + std::to_string(input.height) + "x" +
                    std::to_string(input.width) + ", expected 1 or more",
                "give another --size");
}

ReadGraph read_graph_of(const Network& network, const InputSize& input) {
    return Builder(network, input).build();
}

}  // namespace atrous::dilation
