// Activations that exporters spell out as arithmetic. A tree of multiplications and divisions by numbers is read as one
// scalar factor times its leaves; SiLU, HardSwish and GELU are then x times one telling leaf, in whatever order
// written.
#include <algorithm>
#include <cmath>

#include "compiler/graph.h"
#include "compiler/passes.h"

namespace atrous {
namespace {

using F = ElementwiseFunction;

class Patterns {
  public:
    explicit Patterns(Network& network) : network_(network), graph_(network) {}

    // From the end, so that the whole tree is seen before its parts.
    void run() {
        for (auto n = static_cast<uint32_t>(network_.nodes.size()); n-- > 0;) {
            const ElementwiseOp* op = elementwise(n);
            if (!op || (op->function != F::mul && op->function != F::div)) continue;
            Product product;
            if (!collect(network_.nodes[n].outputs[0], true, product, 0) || product.leaves.size() != 2) continue;
            for (size_t side = 0; side < 2; ++side) {
                const ValueId x = product.leaves[side], gate = product.leaves[1 - side];
                const auto function = activation(x, gate, product.factor);
                if (!function || !same_shape(shape(x), shape(network_.nodes[n].outputs[0]))) continue;
                network_.nodes[n].op = ElementwiseOp{*function};
                network_.nodes[n].inputs = {x};
                break;
            }
        }
        remove_dead_nodes(network_);
    }

  private:
    struct Product {
        double factor = 1;
        std::vector<ValueId> leaves;
    };

    const ElementwiseOp* elementwise(uint32_t n) const {
        return n == Graph::no_node ? nullptr : std::get_if<ElementwiseOp>(&network_.nodes[n].op);
    }
    const std::vector<Size>& shape(ValueId v) const { return network_.values[v].shape; }

    std::optional<double> number(ValueId v) const {
        const Value& value = network_.values[v];
        if (!value.constant || value.type != ElementType::f32 || value.constant->floats.size() != 1) return {};
        return value.constant->floats[0];
    }

    static bool close(double a, double b) { return std::abs(a - b) < 1e-4 * std::abs(b); }

    // The elementwise node that makes `v`, if it computes `function` and (unless it is the root) nobody else reads it.
    const Node* made_by(ValueId v, F function) const {
        const ElementwiseOp* op = elementwise(graph_.producer[v]);
        return op && op->function == function ? &network_.nodes[graph_.producer[v]] : nullptr;
    }

    // Adds the factors and leaves of the product that makes `v`.
    bool collect(ValueId v, bool root, Product& product, int depth) const {
        if (const auto value = number(v)) {
            product.factor *= *value;
            return true;
        }
        const bool own = root || graph_.only_consumer(v) != Graph::no_node;
        if (const Node* node = own && depth < 8 ? made_by(v, F::mul) : nullptr)
            return collect(node->inputs[0], false, product, depth + 1) &&
                   collect(node->inputs[1], false, product, depth + 1);
        if (const Node* node = own && depth < 8 ? made_by(v, F::div) : nullptr)
            if (const auto divisor = number(node->inputs[1]); divisor && *divisor != 0) {
                product.factor /= *divisor;
                return collect(node->inputs[0], false, product, depth + 1);
            }
        product.leaves.push_back(v);
        return product.leaves.size() <= 4;
    }

    // `v` = x + number, in either order.
    std::optional<double> summand(ValueId v, ValueId& x) const {
        const Node* node = made_by(v, F::add);
        for (size_t side = 0; node && side < 2; ++side)
            if (const auto value = number(node->inputs[1 - side])) {
                x = node->inputs[side];
                return value;
            }
        return {};
    }

    bool is_scaled(ValueId v, double factor, ValueId x) const {
        Product product;
        return collect(v, true, product, 0) && product.leaves == std::vector<ValueId>{x} &&
               close(product.factor, factor);
    }

    std::optional<F> activation(ValueId x, ValueId gate, double factor) const {
        if (const Node* sigmoid = made_by(gate, F::sigmoid))
            if (sigmoid->inputs[0] == x && close(factor, 1)) return F::silu;
        if (const Node* hard = made_by(gate, F::hard_sigmoid)) {
            const auto& op = std::get<ElementwiseOp>(hard->op);
            if (hard->inputs[0] == x && close(factor, 1) && close(op.alpha, 1.0 / 6) && close(op.beta, 0.5))
                return F::hard_swish;
        }
        if (const Node* clip = made_by(gate, F::clip)) {
            const auto& op = std::get<ElementwiseOp>(clip->op);
            ValueId inner = no_value;
            const auto shift = summand(clip->inputs[0], inner);
            if (shift == 3 && inner == x && op.alpha == 0 && op.beta == 6 && close(factor, 1.0 / 6))
                return F::hard_swish;
        }
        ValueId inner = no_value;
        if (!close(factor, 0.5) || summand(gate, inner) != 1) return {};
        if (const Node* erf = made_by(inner, F::erf))
            if (is_scaled(erf->inputs[0], 1 / std::sqrt(2.0), x)) return F::gelu;
        if (const Node* tanh = made_by(inner, F::tanh))
            if (is_gelu_polynomial(tanh->inputs[0], x)) return F::gelu_tanh;
        return {};
    }

    // √(2/π)·(x + 0.044715·x³)
    bool is_gelu_polynomial(ValueId v, ValueId x) const {
        Product outer;
        if (!collect(v, true, outer, 0) || outer.leaves.size() != 1 || !close(outer.factor, std::sqrt(2 / M_PI)))
            return false;
        const Node* sum = made_by(outer.leaves[0], F::add);
        for (size_t side = 0; sum && side < 2; ++side) {
            if (sum->inputs[side] != x) continue;
            Product cube;
            if (!collect(sum->inputs[1 - side], true, cube, 0) || !close(cube.factor, 0.044715)) continue;
            if (cube.leaves == std::vector<ValueId>{x, x, x}) return true;
            const Node* power = cube.leaves.size() == 1 ? made_by(cube.leaves[0], F::pow) : nullptr;
            if (power && power->inputs[0] == x && number(power->inputs[1]) == 3) return true;
        }
        return false;
    }

    Network& network_;
    Graph graph_;
};

}  // namespace

void find_activation_patterns(Network& network) {
    Patterns(network).run();
}

}  // namespace atrous
