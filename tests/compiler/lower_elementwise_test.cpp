// Broadcasting in both packings, and the functions that are not fused.
#include <catch2/catch.hpp>

#include "runtime/error.h"
#include "tests/compiler/lower_network.h"

namespace atrous::test {
namespace {

using F = ElementwiseFunction;

// An image in c16: a convolution makes it.
ValueId blocked(NetworkMaker& make, int64_t channels) {
    return make.conv(make.input("x", {2, 4, 0, 0}), channels, window(1));
}

TEST_CASE("constants broadcast over blocked images as numpy says") {
    const auto shape = GENERATE(values<std::vector<int64_t>>({{},
                                                              {1},
                                                              {24, 1, 1},
                                                              {1, 24, 1, 1},
                                                              {5, 7},
                                                              {7},
                                                              {5, 1},
                                                              {24, 5, 7},
                                                              {1, 1, 5, 7},
                                                              {2, 1, 1, 1},
                                                              {2, 24, 1, 7},
                                                              {1, 24, 5, 1}}));
    const bool first = GENERATE(true, false);
    NetworkMaker make;
    const ValueId x = make.unary(F::exp, blocked(make, 24));
    const ValueId c = make.constant(shape);
    make.output(make.conv(make.binary(F::sub, first ? c : x, first ? x : c), 3, window(1)));
    make.network.values[make.network.inputs[0]].shape = {2, 4, 5, 7};
    for (Value& value : make.network.values)
        if (value.shape.size() == 4 && !value.constant) value.shape[2] = Size(5), value.shape[3] = Size(7);
    const LoweredNetwork lowered = require_equal(make.network, {{2, 4, 5, 7}});
    REQUIRE(count_of(kernel_names(lowered), "elementwise_f32_c16_sub") == 1);
}

TEST_CASE("an attention map of one channel meets an image of many") {
    NetworkMaker make;
    const ValueId x = blocked(make, 24);
    const ValueId map = make.unary(F::sigmoid, make.conv(x, 1, window(3, 1, 1, 1)));
    const ValueId scaled = make.unary(F::exp, map);
    const ValueId product = make.binary(F::mul, x, scaled);
    make.output(make.binary(F::add, product, map));
    require_equal(make.network, {{2, 4, 5, 7}});
}

TEST_CASE("planar broadcasting along five axes and fewer") {
    const auto shape = GENERATE(values<std::vector<int64_t>>(
        {{}, {1}, {5}, {4, 1}, {3, 1, 5}, {2, 1, 4, 1}, {1, 3, 1, 5}, {2, 3, 4, 5}, {2, 1, 1, 1}, {7, 1, 3, 1, 5}}));
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 3, 4, 5});
    make.output(make.binary(F::div, make.constant(shape, 1, 2), make.unary(F::exp, x)));
    make.output(make.binary(F::pow, make.unary(F::exp, x), make.constant(shape)));
    require_equal(make.network, {{2, 3, 4, 5}});
}

TEST_CASE("two computed operands broadcast against each other") {
    const auto [a, b] = GENERATE(table<std::vector<int64_t>, std::vector<int64_t>>({{{2, 16, 3, 4}, {2, 16, 1, 1}},
                                                                                    {{2, 16, 3, 1}, {1, 16, 1, 4}},
                                                                                    {{16, 3, 4}, {2, 1, 3, 4}},
                                                                                    {{2, 1, 3, 4}, {16, 1, 1}},
                                                                                    {{3, 4}, {2, 16, 3, 4}},
                                                                                    {{4}, {2, 16, 3, 4}},
                                                                                    {{2, 16}, {1, 16}},
                                                                                    {{2, 16}, {16}},
                                                                                    {{1, 1}, {2, 16}}}));
    NetworkMaker make;
    const ValueId x = make.input("x", a), y = make.input("y", b);
    const ValueId p = make.unary(F::exp, x), q = make.unary(F::tanh, y);
    make.output(make.binary(F::sub, p, q));
    make.output(make.binary(F::max, q, p));
    require_equal(make.network, {a, b});
}

TEST_CASE("lanes past the last channel stay finite whatever the function") {
    NetworkMaker make;
    const ValueId x = make.unary(F::exp, blocked(make, 20));
    const ValueId y = make.unary(F::log, make.unary(F::reciprocal, x));
    make.output(make.conv(y, 20, window(3, 1, 1, 1)));
    require_equal(make.network, {{2, 4, 5, 3}});
}

TEST_CASE("equal and where") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 3, 4});
    const ValueId y = make.unary(F::relu, x);
    const ValueId same = make.node("Equal", ElementwiseOp{F::equal}, {x, y}, make.shape(x), ElementType::boolean);
    const ValueId chosen = make.node("Where", ElementwiseOp{F::where}, {same, make.number(5), x}, make.shape(x));
    make.output(same);
    make.output(make.conv(chosen, 8, window(1)));
    require_equal(make.network, {{1, 16, 3, 4}});
}

TEST_CASE("a prelu whose slope varies over pixels is not fused") {
    NetworkMaker make;
    const ValueId x = blocked(make, 16);
    make.output(make.binary(F::prelu, make.conv(x, 16, window(1)), make.constant({16, 1, 4})));
    for (Value& value : make.network.values)
        if (value.shape.size() == 4 && !value.constant) value.shape[3] = Size(4);
    const LoweredNetwork lowered = require_equal(make.network, {{2, 4, 3, 4}});
    REQUIRE(count_of(kernel_names(lowered), "elementwise_f32_c16_prelu") == 1);
}

TEST_CASE("arithmetic on integers is refused by name") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 3});
    const ValueId i = make.node("Cast", CastOp{}, {x}, make.shape(x), ElementType::i64);
    make.output(make.node("Add", ElementwiseOp{F::add}, {i, i}, make.shape(x), ElementType::i64));
    REQUIRE_THROWS_WITH(lower(make.network, {{"x86-64-linux"}}),
                        "test.onnx: node \"Add_1\" (Add): computes on operands that are not float32; only float32 "
                        "arithmetic is supported in what depends on the input");
}

TEST_CASE("operands whose sizes are only equal for some inputs make a constraint") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 2, 0, 4}), y = make.input("y", {1, 2, 0, 4});
    make.output(make.binary(F::add, x, y));
    require_equal(make.network, {{1, 2, 3, 4}, {1, 2, 3, 4}});
    REQUIRE_THROWS_WITH(require_equal(make.network, {{1, 2, 3, 4}, {1, 2, 5, 4}}),
                        "node \"add_0\" (add): extents of its operands must be equal: y2 and x2");
}

}  // namespace
}  // namespace atrous::test
