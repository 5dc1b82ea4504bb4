#include "compiler/dilation/network_chains.h"

#include <algorithm>
#include <optional>

namespace atrous::dilation {

namespace {

const ConvOp* link_of(const Node& node) {
    const auto* conv = std::get_if<ConvOp>(&node.op);
    const bool taps = conv && (conv->kernel[0] > 1 || conv->kernel[1] > 1);
    return taps && conv->stride == Pair{1, 1} ? conv : nullptr;
}

// A step that leaves every pixel where it is.
struct IsPixelwise {
    bool operator()(const ConvOp& op) const { return op.kernel == Pair{1, 1} && op.stride == Pair{1, 1}; }
    bool operator()(const ElementwiseOp&) const { return true; }
    bool operator()(const InstanceNormOp&) const { return true; }
    bool operator()(const CastOp&) const { return true; }
    bool operator()(const ConcatOp& op) const { return op.axis == 1; }
    bool operator()(const SoftmaxOp& op) const { return op.axis == 1; }
    template <typename Other>
    bool operator()(const Other&) const {
        return false;
    }
};

// The longest chain that ends in a value: how many links, and the last of them, unless several are as long.
struct Behind {
    size_t links = 0;
    std::optional<size_t> last;  // node

    void join(const Behind& other) {
        if (other.links > links)
            *this = other;
        else if (other.links == links && other.last != last)
            last.reset();
    }
};

class ChainFinder {
  public:
    explicit ChainFinder(const Network& network)
        : network_(network),
          behind_(network.values.size()),
          before_(network.nodes.size()),
          after_(network.nodes.size()) {
        for (size_t n = 0; n < network.nodes.size(); ++n) follow(n);
    }

    std::vector<NetworkChain> chains() const {
        std::vector<NetworkChain> chains;
        for (size_t n = 0; n < network_.nodes.size(); ++n) {
            if (!link_of(network_.nodes[n]) || continues(n)) continue;
            NetworkChain chain;
            for (std::optional<size_t> link = n; link; link = next(*link)) add(chain, *link);
            chains.push_back(std::move(chain));
        }
        return chains;
    }

  private:
    void follow(size_t n) {
        const Node& node = network_.nodes[n];
        Behind behind;
        if (link_of(node)) {
            const Behind& input = behind_[node.inputs[0]];
            before_[n] = input.last;
            if (input.last) after_[*input.last].push_back(n);
            behind = {input.links + 1, n};
            // What fusion has made this node's residual is as long or shorter, or comes from elsewhere.
            if (node.fused.residual != Residual::none) behind.join(behind_[node.inputs.back()]);
        } else if (std::visit(IsPixelwise{}, node.op)) {
            for (const ValueId input : node.inputs) {
                if (input != no_value && !network_.values[input].constant) behind.join(behind_[input]);
            }
        }
        for (const ValueId output : node.outputs) behind_[output] = behind;
    }
    std::optional<size_t> next(size_t link) const {
        return after_[link].size() == 1 ? std::optional<size_t>(after_[link][0]) : std::nullopt;
    }
    bool continues(size_t link) const { return before_[link] && next(*before_[link]) == link; }
    void add(NetworkChain& chain, size_t link) const {
        const ConvOp& conv = *link_of(network_.nodes[link]);
        chain.nodes.push_back(link);
        for (size_t axis = 0; axis < 2; ++axis) chain.axes[axis].push_back({conv.kernel[axis], conv.dilation[axis], 1});
    }

    const Network& network_;
    std::vector<Behind> behind_;                 // by value
    std::vector<std::optional<size_t>> before_;  // by node
    std::vector<std::vector<size_t>> after_;     // by node
};

}  // namespace

bool NetworkChain::is_dilated() const {
    const auto dilated = [](const ChainLayer& layer) { return layer.kernel > 1 && layer.rate > 1; };
    return std::any_of(axes[0].begin(), axes[0].end(), dilated) || std::any_of(axes[1].begin(), axes[1].end(), dilated);
}

std::vector<NetworkChain> chains_of(const Network& network) {
    return ChainFinder(network).chains();
}

}  // namespace atrous::dilation
