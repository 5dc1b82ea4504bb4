// Random networks: whatever passes, layouts, slices and halos do to each other, the result is the network's own.
#include <catch2/catch.hpp>

#include "tests/compiler/lower_network.h"

namespace atrous::test {
namespace {

using F = ElementwiseFunction;

class RandomNetwork {
  public:
    explicit RandomNetwork(uint32_t seed) : random_(seed), make_(seed) {
        const bool free = chance(2);
        images_.push_back(
            make_.input("x", {batch_, pick<int64_t>({1, 3, 16, 20}), free ? 0 : height_, free ? 0 : width_}));
        while (make_.network.nodes.size() < 14) grow();
        std::vector<bool> read(make_.network.values.size());
        for (const Node& node : make_.network.nodes)
            for (const ValueId v : node.inputs) read[v] = true;
        for (const Node& node : make_.network.nodes)
            if (!read[node.outputs[0]] || chance(6)) make_.output(node.outputs[0]);
    }

    const Network& network() const { return make_.network; }
    std::vector<std::vector<int64_t>> inputs() {
        const int64_t channels = make_.shape(images_[0])[1].integer().value();
        return {{batch_, channels, height_, width_}};
    }

  private:
    int64_t below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(random_); }
    bool chance(int64_t n) { return below(n) == 0; }
    template <class T>
    T pick(const std::vector<T>& from) {
        return from[static_cast<size_t>(below(static_cast<int64_t>(from.size())))];
    }
    ValueId image() { return chance(2) ? images_.back() : pick(images_); }
    int64_t channels(ValueId v) const { return make_.shape(v)[1].integer().value(); }
    bool same_size(ValueId a, ValueId b) const {
        return make_.shape(a)[2] == make_.shape(b)[2] && make_.shape(a)[3] == make_.shape(b)[3];
    }

    // Another image of this one's size, if there is one.
    ValueId partner(ValueId v, bool same_channels) {
        std::vector<ValueId> found;
        for (const ValueId other : images_)
            if (same_size(v, other) && (!same_channels || channels(v) == channels(other))) found.push_back(other);
        return pick(found);
    }

    void grow() {
        const ValueId x = image();
        const int64_t c = channels(x);
        switch (below(14)) {
        case 0:
        case 1:
            return add(make_.conv(x, pick<int64_t>({5, 16, 20, 32}), odd_window(1)));
        case 2:
            return add(make_.conv(x, c, odd_window(c)));
        case 3:
            return c % 16 == 0 ? add(make_.conv(x, c, odd_window(c / 16))) : grow();
        case 4:
            return add(make_.transposed(x, pick<int64_t>({3, 16, 24}), transposed_window(3, 1, 1, 1, 0)));
        case 5:
            return add(make_.unary(pick<F>({F::relu, F::sigmoid, F::tanh, F::hard_swish, F::neg, F::abs}), x));
        case 6:
        case 7:
            return add(make_.binary(pick<F>({F::add, F::mul, F::max}), x, partner(x, true)));
        case 8:
            return add(make_.binary(pick<F>({F::add, F::mul, F::prelu}), x, make_.constant({c, 1, 1})));
        case 9:
        case 10:
            return concat(x);
        case 11:
            return c >= 20 ? add(make_.slice(x, 1, pick<int64_t>({0, 4, 16}), 4)) : grow();
        case 12:
            return add(make_.pool(
                x, {pick<PoolKind>({PoolKind::max, PoolKind::average}), {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}));
        default:
            return gate(x);
        }
    }

    void add(ValueId v) {
        if (channels(v) <= 64) images_.push_back(v);
    }

    // Padded so that the size stays.
    ConvOp odd_window(int64_t groups) {
        const int64_t kernel = pick<int64_t>({1, 3, 5}), dilation = 1 + below(3);
        return window(kernel, 1, dilation, dilation * (kernel - 1) / 2, groups);
    }

    void concat(ValueId x) {
        std::vector<ValueId> parts{x};
        while (parts.size() < 2 || chance(2)) parts.push_back(partner(x, false));
        add(make_.concat(parts, 1));
    }

    // Squeeze and excite.
    void gate(ValueId x) {
        const ValueId pooled = make_.global_pool(x, {PoolKind::average, false});
        const ValueId row =
            make_.unary(F::sigmoid, make_.linear(make_.unary(F::relu, make_.linear(pooled, 4)), channels(x)));
        const ValueId column = make_.reshape(row, {make_.shape(x)[0], make_.shape(x)[1], Size(1), Size(1)});
        add(make_.binary(F::mul, x, column));
    }

    std::mt19937 random_;
    NetworkMaker make_;
    std::vector<ValueId> images_;
    int64_t batch_ = 2, height_ = 5, width_ = 4;
};

TEST_CASE("random networks, fused, blocked and in place, equal themselves node by node") {
    for (uint32_t seed = 1; seed <= 60; ++seed) {
        RandomNetwork random(seed);
        INFO("seed " << seed);
        require_equal(random.network(), random.inputs());
        if (seed % 6 == 0) require_equal(random.network(), random.inputs(), true);
    }
}

}  // namespace
}  // namespace atrous::test
