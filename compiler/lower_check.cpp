#include "compiler/lower_check.h"

#include <algorithm>

#include "compiler/graph.h"
#include "runtime/error.h"

namespace atrous {
namespace {

constexpr int64_t largest_number = int64_t{1} << 30;  // of a window: products of two stay far inside 64 bits

class Check {
  public:
    Check(const Network& network, const Node& node) : network_(network), node_(node) {}

    void run() const {
        require(!node_.outputs.empty() && has(node_.outputs[0]), "has no output", "remove it");
        for (const std::vector<ValueId>& values : {node_.inputs, node_.outputs})
            for (const ValueId v : values)
                require(!has(v) || value(v).shape.size() <= plan::max_rank,
                        "has a tensor of more than " + std::to_string(plan::max_rank) + " dimensions",
                        "reshape it to fewer");
        if (const auto* conv = std::get_if<ConvOp>(&node_.op)) {
            check_window(conv->kernel, conv->stride, conv->dilation, conv->pad_begin, conv->pad_end);
            check_conv(*conv);
        } else if (const auto* transposed = std::get_if<TransposedConvOp>(&node_.op)) {
            check_window(transposed->kernel, transposed->stride, transposed->dilation, transposed->pad_begin,
                         transposed->pad_end);
            check_transposed(*transposed);
        } else if (std::holds_alternative<LinearOp>(node_.op)) {
            check_linear();
        } else if (const auto* pool = std::get_if<PoolOp>(&node_.op)) {
            check_image();
            check_window(pool->kernel, pool->stride, pool->dilation, pool->pad_begin, pool->pad_end);
        } else if (std::holds_alternative<ResizeOp>(node_.op) || std::holds_alternative<GlobalPoolOp>(node_.op)) {
            check_image();
        }
    }

  private:
    const Value& value(ValueId v) const { return network_.values[v]; }
    const Value& input(size_t i) const { return value(node_.inputs.at(i)); }

    void require(bool fine, const std::string& problem, const std::string& advice) const {
        if (!fine) throw Error(subject_of(network_, node_), problem, advice);
    }

    void check_image() const {
        const size_t rank = input(0).shape.size();
        require(input(0).type == ElementType::f32, "reads an input that is not float32",
                "only float32 images are supported");
        require(rank == 3 || rank == 4,
                "reads an input of rank " + std::to_string(rank) + ", expected N,C,H,W or N,C,L",
                "3-D networks are not supported");
    }

    void check_window(const Pair& kernel, const Pair& stride, const Pair& dilation, const Pair& begin,
                      const Pair& end) const {
        const auto within = [](const Pair& pair, int64_t least) {
            return std::ranges::all_of(pair, [&](int64_t n) { return n >= least && n <= largest_number; });
        };
        const bool fine = within(kernel, 1) && within(stride, 1) && within(dilation, 1) &&
                          within(begin, -largest_number) && within(end, -largest_number);
        require(fine && kernel[0] * dilation[0] <= largest_number && kernel[1] * dilation[1] <= largest_number,
                "has a kernel, stride, dilation or padding out of range, expected at least 1 and at most 2^30",
                "check the model");
    }

    // Constant, float, of this shape.
    void check_constant(size_t index, const char* what, const std::vector<int64_t>& shape) const {
        const Value& constant = input(index);
        require(constant.constant.has_value() && constant.type == ElementType::f32,
                std::string("has ") + what + " that are computed, expected a float constant",
                "store them in the model");
        size_t count = 1;
        bool same = constant.shape.size() == shape.size();
        for (size_t d = 0; d < shape.size() && same; ++d) {
            same = constant.shape[d].integer() == shape[d];
            count *= static_cast<size_t>(shape[d]);
        }
        require(same && constant.constant->floats.size() == count,
                std::string("has ") + what + " of shape " + text(constant.shape) + ", expected " + text(shape),
                "check the model");
    }

    static std::string text(const std::vector<Size>& shape) {
        std::string result;
        for (const Size& extent : shape) result += (result.empty() ? "" : "x") + extent.text();
        return result.empty() ? "scalar" : result;
    }
    static std::string text(const std::vector<int64_t>& shape) {
        return text(std::vector<Size>(shape.begin(), shape.end()));
    }

    void check_bias(int64_t channels) const {
        if (node_.inputs.size() > 2 && has(node_.inputs[2])) check_constant(2, "biases", {channels});
    }

    struct Channels {
        int64_t in = 0, out = 0;
    };

    Channels check_channels(int64_t groups) const {
        check_image();
        require(value(node_.outputs[0]).shape.size() == input(0).shape.size(), "changes its input's rank",
                "check the model");
        const Channels channels{fixed_extent(input(0), 1), fixed_extent(value(node_.outputs[0]), 1)};
        require(channels.in > 0 && channels.out > 0, "has a number of channels that depends on the input's size",
                "declare the channels as numbers");
        require(groups > 0 && channels.in % groups == 0 && channels.out % groups == 0,
                "has " + std::to_string(groups) + " groups for " + std::to_string(channels.in) + " and " +
                    std::to_string(channels.out) + " channels, expected a divisor of both",
                "check the model");
        return channels;
    }

    std::vector<int64_t> with_kernel(std::vector<int64_t> shape, const Pair& kernel) const {
        const bool image = input(0).shape.size() == 4;
        require(image || kernel[0] == 1, "has a two-dimensional kernel for an input N,C,L", "check the model");
        shape.insert(shape.end(), kernel.begin(), kernel.end());
        return shape;
    }

    void check_conv(const ConvOp& op) const {
        const Channels channels = check_channels(op.groups);
        check_constant(1, "weights", with_kernel({channels.out, channels.in / op.groups}, op.kernel));
        check_bias(channels.out);
    }

    void check_transposed(const TransposedConvOp& op) const {
        const Channels channels = check_channels(op.groups);
        check_constant(1, "weights", with_kernel({channels.in, channels.out / op.groups}, op.kernel));
        check_bias(channels.out);
    }

    void check_linear() const {
        const Value &x = input(0), &y = value(node_.outputs[0]);
        const int64_t in = fixed_extent(x, 1), out = fixed_extent(y, 1);
        require(x.type == ElementType::f32 && x.shape.size() == 2 && y.shape.size() == 2 && in > 0 && out > 0,
                "multiplies matrices other than float32 N×K by constant K×M", "only those are supported");
        check_constant(1, "weights", {in, out});
        check_bias(out);
    }

    const Network& network_;
    const Node& node_;
};

}  // namespace

void check_network(const Network& network) {
    for (const std::vector<ValueId>& ports : {network.inputs, network.outputs})
        for (const ValueId v : ports)
            if (network.values[v].shape.size() > plan::max_rank)
                throw Error(network.file + ": \"" + network.values[v].name + "\"",
                            "has more than " + std::to_string(plan::max_rank) + " dimensions", "reshape it to fewer");
    for (const Node& node : network.nodes) Check(network, node).run();
}

}  // namespace atrous
