// Each pass alone: what it takes out, and what it must leave.
#include "compiler/passes.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/compiler/lower_network.h"

namespace atrous::test {
namespace {

using F = ElementwiseFunction;

std::vector<std::string> types(const Network& network) {
    std::vector<std::string> result;
    for (const Node& node : network.nodes) result.push_back(node.onnx_type);
    return result;
}

using Types = std::vector<std::string>;

TEST_CASE("dead nodes and their constants go") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 4, 3, 3});
    make.output(make.unary(F::relu, x));
    make.unary(F::tanh, make.conv(x, 4, window(1)));
    remove_dead_nodes(make.network);
    REQUIRE(types(make.network) == Types{"relu"});
    for (const Value& value : make.network.values) REQUIRE_FALSE(value.constant.has_value());
}

TEST_CASE("identities go; an output keeps its name") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 4, 3, 3});
    const ValueId a = make.unary(F::identity, make.unary(F::relu, make.unary(F::identity, x)));
    const ValueId b = make.slice(make.transpose(a, {0, 1, 2, 3}), 1, 0, 4);
    make.output(make.reshape(b, make.shape(b)));
    const ValueId through = make.unary(F::identity, x);
    make.output(through);
    Network network = make.network;
    remove_identities(network);
    REQUIRE(types(network) == Types{"relu", "identity"});
    REQUIRE(network.nodes[0].inputs[0] == x);
    REQUIRE(network.nodes[0].outputs[0] == make.network.outputs[0]);
    require_equal(make.network, {{1, 4, 3, 3}});
}

TEST_CASE("a transpose that moves nothing is a reshape") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 4, 1, 3});
    make.output(make.transpose(x, {1, 0, 3, 2}));
    make.output(make.transpose(x, {3, 0, 1, 2}));
    remove_identities(make.network);
    REQUIRE(std::holds_alternative<ReshapeOp>(make.network.nodes[0].op));
    REQUIRE(std::holds_alternative<TransposeOp>(make.network.nodes[1].op));
}

TEST_CASE("elementwise nodes read what was expanded for them") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 4, 3, 3}), y = make.input("y", {4, 1, 1});
    const ValueId wide = make.node("Expand", ExpandOp{}, {y}, make.shape(x));
    make.output(make.binary(F::add, x, wide));
    make.output(make.unary(F::exp, wide));
    const LoweredNetwork lowered = require_equal(make.network, {{1, 4, 3, 3}, {4, 1, 1}});
    REQUIRE(count_of(kernel_names(lowered), "copy") == 0);
    make.output(wide);
    REQUIRE(count_of(kernel_names(require_equal(make.network, {{1, 4, 3, 3}, {4, 1, 1}})), "copy") == 1);
}

TEST_CASE("arithmetic with constants goes into the convolution before it") {
    const std::string kind = GENERATE("conv", "grouped", "transposed", "linear", "line");
    const int side = GENERATE(0, 1);
    NetworkMaker make;
    const bool vector = kind == "linear", line = kind == "line";
    ValueId x = make.input("x", vector ? std::vector<int64_t>{2, 12}
                                : line ? std::vector<int64_t>{2, 12, 5}
                                       : std::vector<int64_t>{2, 12, 5, 4});
    const std::vector<int64_t> per_channel = vector ? std::vector<int64_t>{24}
                                             : line ? std::vector<int64_t>{24, 1}
                                                    : std::vector<int64_t>{24, 1, 1};
    if (kind == "conv") x = make.conv(x, 24, window(3, 1, 1, 1), false);
    if (kind == "grouped") x = make.conv(x, 24, window(3, 1, 1, 1, 3));
    if (kind == "transposed") x = make.transposed(x, 24, transposed_window(3, 2, 1, 1, 1, 2));
    if (kind == "linear") x = make.linear(x, 24);
    if (line) x = make.conv(x, 24, {{1, 3}, {1, 1}, {1, 1}, {0, 1}, {0, 1}, 1});
    const auto both = [&](F f, ValueId a, ValueId b) {
        return side == 0 || f == F::div ? make.binary(f, a, b) : make.binary(f, b, a);
    };
    x = both(F::mul, x, make.constant(per_channel));
    x = both(F::add, x, make.constant(per_channel));
    x = both(F::sub, x, make.number(0.3f));
    x = both(F::div, x, make.constant(per_channel, 1, 2));
    make.output(make.unary(F::tanh, x));
    Network network = make.network;
    fold_affine(network);
    REQUIRE(network.nodes.size() == 2);
    require_equal(make.network, vector ? std::vector<std::vector<int64_t>>{{2, 12}}
                                : line ? std::vector<std::vector<int64_t>>{{2, 12, 5}}
                                       : std::vector<std::vector<int64_t>>{{2, 12, 5, 4}});
}

TEST_CASE("weights that two convolutions share are not changed for both") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 4, 4});
    const ValueId a = make.conv(x, 16, window(3, 1, 1, 1)), b = make.conv(x, 16, window(3, 1, 1, 1));
    make.network.nodes[1].inputs = {x, make.network.nodes[0].inputs[1], make.network.nodes[0].inputs[2]};
    make.output(make.binary(F::mul, a, make.number(3)));
    make.output(b);
    const LoweredNetwork lowered = require_equal(make.network, {{1, 16, 4, 4}});
    REQUIRE(count_of(kernel_names(lowered), "elementwise") == 0);
}

TEST_CASE("a factor goes into the convolution after it, a summand does not") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 4, 4});
    const ValueId scaled = make.binary(F::mul, x, make.constant({16, 1, 1}));
    make.output(make.conv(scaled, 16, window(3, 1, 1, 1, 4)));
    const ValueId shifted = make.binary(F::add, x, make.constant({16, 1, 1}));
    make.output(make.conv(shifted, 16, window(3, 1, 1, 1)));
    Network network = make.network;
    fold_affine(network);
    REQUIRE(types(network) == Types{"Conv", "add", "Conv"});
    require_equal(make.network, {{1, 16, 4, 4}});
}

TEST_CASE("what varies over pixels, or is not constant, stays") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 4, 4}), y = make.input("y", {1, 16, 1, 1});
    make.output(make.binary(F::mul, make.conv(x, 16, window(1)), make.constant({4, 4})));
    make.output(make.binary(F::mul, make.conv(x, 16, window(1)), y));
    make.output(make.binary(F::div, make.number(2), make.conv(x, 16, window(1))));
    const ValueId c = make.conv(x, 16, window(1));
    make.output(make.binary(F::mul, c, make.number(2)));
    make.output(c);
    const size_t before = make.network.nodes.size();
    Network network = make.network;
    fold_affine(network);
    REQUIRE(network.nodes.size() == before);
    require_equal(make.network, {{1, 16, 4, 4}, {1, 16, 1, 1}});
}

TEST_CASE("scale and shift in front of an activation become one depthwise step") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 20, 4, 4});
    const ValueId pooled = make.pool(x, {PoolKind::max, {2, 2}});
    const ValueId scaled = make.binary(F::mul, pooled, make.constant({1, 20, 1, 1}));
    const ValueId shifted = make.binary(F::add, scaled, make.constant({1, 20, 1, 1}));
    make.output(make.conv(make.unary(F::relu, shifted), 16, window(3, 1, 1, 1)));
    make.output(pooled);
    const LoweredNetwork lowered = require_equal(make.network, {{1, 20, 4, 4}});
    REQUIRE(count_of(kernel_names(lowered), "elementwise") == 0);
    REQUIRE(count_of(kernel_names(lowered), "depthwise") == 1);
}

TEST_CASE("a convolution with weights on the channel diagonal only becomes depthwise") {
    const bool transposed = GENERATE(false, true), bias = GENERATE(false, true), line = GENERATE(false, true);
    NetworkMaker make;
    const std::vector<int64_t> shape = line ? std::vector<int64_t>{2, 20, 7} : std::vector<int64_t>{2, 20, 5, 4};
    const ValueId x = make.input("x", shape);
    ConvOp conv = window(3, 1, 1, 1);
    TransposedConvOp enlarged = transposed_window(4, 2, 1, 1, 0);
    if (line) {
        conv = {{1, 3}, {1, 1}, {1, 1}, {0, 1}, {0, 1}, 1};
        enlarged = {{1, 4}, {1, 2}, {1, 1}, {0, 1}, {0, 1}, {0, 0}, 1};
    }
    make.output(transposed ? make.transposed(x, 20, enlarged, bias) : make.conv(x, 20, conv, bias));
    const auto weights = make.network.nodes[0].inputs[1];
    std::vector<float>& numbers = make.network.values[weights].constant->floats;
    const size_t taps = numbers.size() / 400;
    for (size_t i = 0; i < numbers.size(); ++i)
        if (i / taps / 20 != i / taps % 20) numbers[i] = i % 2 ? 0.0f : -0.0f;
    const auto groups = [&](const Network& network) {
        return transposed ? std::get<TransposedConvOp>(network.nodes[0].op).groups
                          : std::get<ConvOp>(network.nodes[0].op).groups;
    };
    Network network = make.network;
    diagonal_to_depthwise(network);
    REQUIRE(groups(network) == 20);
    REQUIRE(groups(make.network) == 1);
    const LoweredNetwork lowered = require_equal(make.network, {shape});
    REQUIRE(count_of(kernel_names(lowered), "depthwise") == (transposed ? (line ? 2 : 4) : 1));

    numbers[taps * 20 * 20 - taps - 1] = GENERATE(1e-40f, NAN, -INFINITY);
    network = make.network;
    diagonal_to_depthwise(network);
    REQUIRE(groups(network) == 1);
    REQUIRE(network.nodes[0].inputs[1] == weights);
}

TEST_CASE("channels that only look like a diagonal stay as they are") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 20, 4, 4}), one = make.input("one", {1, 1, 4, 4});
    make.output(make.conv(x, 10, window(1)));
    make.output(make.conv(x, 20, window(1, 1, 1, 0, 2)));
    make.output(make.conv(one, 1, window(3)));
    for (Value& value : make.network.values)
        if (value.constant) std::ranges::fill(value.constant->floats, 0.0f);
    diagonal_to_depthwise(make.network);
    for (size_t n = 0; n < 3; ++n) REQUIRE(std::get<ConvOp>(make.network.nodes[n].op).groups == (n == 1 ? 2 : 1));
}

TEST_CASE("zero padding becomes the convolution's own, other padding does not") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 5, 6});
    make.output(make.conv(make.pad(x, {0, 0, 1, 2}, {0, 0, 3, 0}, PadMode::constant), 16, window(3, 1, 1, 1)));
    make.output(make.conv(make.pad(x, {0, 0, 1, 1}, {0, 0, 1, 1}, PadMode::constant, 2), 16, window(3)));
    make.output(make.conv(make.pad(x, {0, 8, 0, 0}, {0, 8, 0, 0}, PadMode::constant), 16, window(3)));
    Network network = make.network;
    fold_padding(network);
    REQUIRE(types(network) == Types{"Conv", "Pad", "Conv", "Pad", "Conv"});
    const auto& conv = std::get<ConvOp>(network.nodes[0].op);
    REQUIRE(conv.pad_begin == Pair{2, 3});
    REQUIRE(conv.pad_end == Pair{4, 1});
    require_equal(make.network, {{1, 16, 5, 6}});
}

TEST_CASE("activations that exporters spell out") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 3, 4, 4});
    make.output(make.binary(F::mul, x, make.unary(F::sigmoid, x)));
    make.output(make.binary(F::mul, make.unary(F::hard_sigmoid, x, 1.0f / 6, 0.5f), x));
    const ValueId clipped = make.unary(F::clip, make.binary(F::add, make.number(3), x), 0, 6);
    make.output(make.binary(F::div, make.binary(F::mul, x, clipped), make.number(6)));
    const ValueId erf = make.unary(F::erf, make.binary(F::div, x, make.number(std::sqrt(2.0f))));
    make.output(
        make.binary(F::mul, make.binary(F::mul, x, make.binary(F::add, erf, make.number(1))), make.number(0.5f)));
    const ValueId cube = make.binary(F::pow, x, make.number(3));
    const ValueId inner = make.binary(F::add, x, make.binary(F::mul, make.number(0.044715f), cube));
    const ValueId tanh = make.unary(F::tanh, make.binary(F::mul, inner, make.number(0.7978846f)));
    make.output(
        make.binary(F::mul, make.binary(F::mul, make.number(0.5f), x), make.binary(F::add, make.number(1), tanh)));
    Network network = make.network;
    find_activation_patterns(network);
    std::vector<F> functions;
    for (const Node& node : network.nodes) functions.push_back(std::get<ElementwiseOp>(node.op).function);
    REQUIRE(functions == std::vector<F>{F::silu, F::hard_swish, F::hard_swish, F::gelu, F::gelu_tanh});
    require_equal(make.network, {{1, 3, 4, 4}});
}

TEST_CASE("look-alikes of activations are left alone") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 3, 4, 4}), y = make.input("y", {1, 3, 4, 4});
    make.output(make.binary(F::mul, x, make.unary(F::sigmoid, y)));
    make.output(make.binary(F::mul, make.number(2), make.binary(F::mul, x, make.unary(F::sigmoid, x))));
    make.output(make.binary(F::mul, x, make.unary(F::hard_sigmoid, x, 0.2f, 0.5f)));
    const ValueId erf = make.unary(F::erf, x);
    make.output(
        make.binary(F::mul, make.binary(F::mul, x, make.binary(F::add, erf, make.number(1))), make.number(0.5f)));
    Network network = make.network;
    find_activation_patterns(network);
    for (const Node& node : network.nodes) {
        const F function = std::get<ElementwiseOp>(node.op).function;
        if (node.name == "mul_4") continue;  // x·sigmoid(x) within the product
        REQUIRE(function != F::hard_swish);
        REQUIRE(function != F::gelu);
    }
    require_equal(make.network, {{1, 3, 4, 4}, {1, 3, 4, 4}});
}

TEST_CASE("with every value kept nothing is fused and every name is an output") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 0, 0});
    const ValueId a = make.unary(F::relu, make.conv(x, 16, window(3, 1, 1, 1)));
    const ValueId b = make.concat({a, make.unary(F::identity, x)}, 1);
    make.output(make.binary(F::mul, b, make.number(2)));
    const LoweredNetwork lowered = require_equal(make.network, {{1, 16, 4, 4}}, true);
    REQUIRE(lowered.operators.size() == make.network.nodes.size());
    Network network = make.network;
    keep_all_values(network);
    REQUIRE(network.outputs.size() == network.nodes.size());
}

}  // namespace
}  // namespace atrous::test
