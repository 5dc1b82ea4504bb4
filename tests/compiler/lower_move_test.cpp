// Concat, slices, reshapes, transposes and their kind: views where possible, right in any case.
#include <catch2/catch.hpp>

#include "runtime/error.h"
#include "tests/compiler/lower_network.h"

namespace atrous::test {
namespace {

using F = ElementwiseFunction;

TEST_CASE("a concatenation of blocked images costs nothing, and its halo is everybody's") {
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 16, 0, 0});
    const ValueId a = make.conv(x, 32, window(3, 1, 1, 1)), b = make.conv(a, 16, window(3, 1, 2, 2));
    const ValueId c = make.conv(b, 5, window(3, 1, 3, 3));
    const ValueId all = make.concat({a, b, c}, 1);
    make.output(make.conv(all, 16, window(5, 1, 1, 2)));
    const LoweredNetwork lowered = require_equal(make.network, {{2, 16, 6, 7}});
    REQUIRE(count_of(kernel_names(lowered), "copy") == 0);
    REQUIRE(count_of(kernel_names(lowered), "pack") == 1);
}

TEST_CASE("a concatenation whose readers all work in Winograd's domain is never joined") {
    const bool other_reader = GENERATE(false, true);
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 16, 9, 11});
    const ValueId a = make.conv(x, 32, window(3, 1, 1, 1)), b = make.unary(F::exp, x);
    const ValueId inner = make.concat({b, make.constant({2, 16, 9, 11})}, 1), all = make.concat({a, inner, x, b}, 1);
    make.output(make.conv(all, 20, window(3, 1, 2, 2)));
    make.output(make.conv(all, 16, window(2, 1, 3, 1)));
    if (other_reader) make.output(make.conv(all, 16, window(3, 2, 1, 0)));
    require_equal(make.network, {{2, 16, 9, 11}});
    for (const WinogradPolicy policy : {WinogradPolicy::off, WinogradPolicy::f4}) {
        const LowerOptions options{{"x86-64-linux-avx2-f16c-fma-sse41"}, 0, 0, policy};
        const bool joined = plan_text(lower(make.network, options)).find("\"" + make.network.values[all].name + "\"") !=
                            std::string::npos;
        CHECK(joined == (other_reader || policy == WinogradPolicy::off));
    }
}

TEST_CASE("concatenations within concatenations") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 0, 0});
    const ValueId a = make.conv(x, 16, window(3, 1, 1, 1)), b = make.conv(x, 16, window(1));
    const ValueId inner = make.concat({a, b, x}, 1);
    const ValueId c = make.conv(inner, 16, window(3, 1, 1, 1));
    const ValueId outer = make.concat({c, inner, a}, 1);
    make.output(make.conv(outer, 8, window(3, 1, 2, 2)));
    make.output(make.unary(F::relu, inner));
    const LoweredNetwork lowered = require_equal(make.network, {{1, 16, 5, 4}});
    REQUIRE(count_of(kernel_names(lowered), "copy") == 1);  // `a` is made in the inner one and copied to the outer
}

TEST_CASE("a long chain of concatenations") {
    NetworkMaker make;
    const ValueId x = make.unary(F::exp, make.input("x", {1, 1, 2, 2}));
    ValueId all = x;
    for (int i = 0; i < 200; ++i) all = make.concat({all, make.unary(F::neg, x)}, 1);
    make.output(make.unary(F::tanh, all));
    require_equal(make.network, {{1, 1, 2, 2}});
}

TEST_CASE("concatenations that blocks do not fit, along every axis") {
    const int64_t axis = GENERATE(0, 1, 2, 3);
    const int64_t channels = GENERATE(5, 24);
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 16, 3, 4});
    const ValueId a = make.conv(x, channels, window(3, 1, 1, 1)),
                  b = make.unary(F::relu, make.conv(x, channels, window(1)));
    const ValueId s = make.node("Softmax", SoftmaxOp{1, false}, {b}, make.shape(b));
    const ValueId all = make.concat({a, b, a, s, make.constant({2, channels, 3, 4})}, axis);
    make.output(make.conv(all, 8, window(3, 1, 1, 1)));
    make.output(all);
    require_equal(make.network, {{2, 16, 3, 4}});
}

TEST_CASE("inputs, outputs and constants in concatenations") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 3, 2, 2});
    const ValueId y = make.unary(F::exp, x);
    make.output(make.concat({x, y, x, make.constant({1, 1, 2, 2})}, 1));
    make.output(y);
    make.output(y);
    make.output(x);
    require_equal(make.network, {{1, 3, 2, 2}});
}

TEST_CASE("slices: blocks as views, all others right too") {
    const auto [axis, begin, length, step] = GENERATE(table<size_t, int64_t, int64_t, int64_t>({{1, 16, 16, 1},
                                                                                                {1, 16, 24, 1},
                                                                                                {1, 32, 5, 1},
                                                                                                {1, 8, 16, 1},
                                                                                                {1, 39, 40, -1},
                                                                                                {1, 1, 20, 2},
                                                                                                {0, 1, 1, 1},
                                                                                                {2, 1, 4, 1},
                                                                                                {2, 0, 3, 2},
                                                                                                {3, 2, 3, 1},
                                                                                                {3, 5, 3, -2},
                                                                                                {3, 0, 3, 2},
                                                                                                {2, 5, 6, -1}}));
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 3, 6, 6});
    const ValueId a = make.conv(x, 40, window(3, 1, 1, 1));
    const ValueId part = make.slice(a, axis, begin, length, step);
    make.output(make.conv(part, 8, window(3, 1, 1, 1)));
    make.output(part);
    make.output(make.unary(F::exp, part));
    make.output(make.pool(make.slice(x, axis == 1 ? 2 : axis, axis == 0 ? 1 : 2, 1), {PoolKind::max}));
    require_equal(make.network, {{2, 3, 6, 6}});
}

TEST_CASE("channel slices at block borders are views") {
    NetworkMaker make;
    const ValueId a = make.conv(make.input("x", {1, 3, 0, 0}), 64, window(3, 1, 1, 1));
    const ValueId left = make.conv(make.slice(a, 1, 0, 32), 16, window(3, 1, 1, 1));
    const ValueId right = make.conv(make.slice(a, 1, 32, 32), 16, window(3, 1, 2, 2));
    make.output(make.binary(F::mul, left, right));
    const LoweredNetwork lowered = require_equal(make.network, {{1, 3, 5, 5}});
    REQUIRE(count_of(kernel_names(lowered), "copy") == 0);
    REQUIRE(count_of(kernel_names(lowered), "unpack") == 1);
}

TEST_CASE("planar parts of a narrow concatenation have strides of their own") {
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 3, 4, 1});
    const ValueId a = make.unary(F::exp, x), b = make.unary(F::tanh, x);
    const ValueId all = make.concat({a, b}, 3);
    make.output(make.binary(F::add, a, b));
    make.output(make.unary(F::neg, make.slice(all, 3, 1, 1)));
    make.output(all);
    require_equal(make.network, {{2, 3, 4, 1}});
}

TEST_CASE("transposes, reshapes, expansions") {
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 3, 4, 5});
    const ValueId t = make.transpose(x, {0, 2, 3, 1});
    make.output(make.unary(F::exp, t));
    make.output(make.transpose(make.unary(F::exp, t), {3, 1, 0, 2}));
    const ValueId six = make.reshape(x, {Size(2), Size(3), Size(2), Size(2), Size(5), Size(1)});
    make.output(make.transpose(six, {5, 3, 0, 4, 2, 1}));
    const ValueId flat = make.reshape(make.slice(x, 2, 1, 2), {Size(60)});
    make.output(flat);
    const ValueId column = make.reshape(make.slice(flat, 0, 3, 5), {Size(5), Size(1)});
    make.output(make.node("Expand", ExpandOp{}, {column}, {Size(2), Size(5), Size(3)}));
    make.output(make.node("Expand", ExpandOp{}, {make.number(3)}, {Size(2), Size(2)}));
    require_equal(make.network, {{2, 3, 4, 5}});
}

TEST_CASE("depth to space and back") {
    const bool column_row_depth = GENERATE(false, true);
    NetworkMaker make;
    const ValueId x = make.conv(make.input("x", {2, 3, 4, 6}), 12, window(3, 1, 1, 1));
    const ValueId up = make.node("DepthToSpace", DepthToSpaceOp{2, column_row_depth}, {x}, {2, 3, 8, 12});
    make.output(make.node("SpaceToDepth", SpaceToDepthOp{2}, {up}, {2, 12, 4, 6}));
    make.output(make.concat({up, make.unary(F::exp, up)}, 1));
    const ValueId mask = make.node("Cast", CastOp{}, {x}, make.shape(x), ElementType::boolean);
    make.output(
        make.node("DepthToSpace", DepthToSpaceOp{2, column_row_depth}, {mask}, {2, 3, 8, 12}, ElementType::boolean));
    require_equal(make.network, {{2, 3, 4, 6}});
}

TEST_CASE("the largest of channels that only it reads is found before they become pixels") {
    const bool column_row_depth = GENERATE(false, true), last = GENERATE(false, true), keep = GENERATE(false, true);
    const int64_t block = GENERATE(2, 3);
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 5 * block * block, 0, 0});
    const std::vector<Size>& in = make.shape(x);
    const Size height = in[2] * Size(block), width = in[3] * Size(block);
    const ValueId up =
        make.node("DepthToSpace", DepthToSpaceOp{block, column_row_depth}, {x}, {Size(2), Size(5), height, width});
    std::vector<Size> shape{Size(2), height, width};
    if (keep) shape.insert(shape.begin() + 1, Size(1));
    make.output(make.node("ArgMax", ArgmaxOp{1, keep, last}, {up}, shape, ElementType::i64));
    LoweredNetwork lowered = require_equal(make.network, {{2, 5 * block * block, 4, 19}});
    REQUIRE(kernel_names(lowered).size() == 1);
    require_equal(make.network, {{2, 5 * block * block, 1, 1}}, true);
    make.output(make.unary(F::exp, up));
    lowered = require_equal(make.network, {{2, 5 * block * block, 4, 19}});
    REQUIRE(count_of(kernel_names(lowered), "depth_to_space") == 1);
}

TEST_CASE("padding by every mode, in two to five dimensions") {
    const PadMode mode = GENERATE(PadMode::constant, PadMode::reflect, PadMode::edge, PadMode::wrap);
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 3, 4, 5});
    make.output(make.pad(x, {0, 0, 1, 2}, {0, 0, 3, 0}, mode, 1.5f));
    make.output(make.pad(x, {1, 2, 0, 0}, {0, 0, 0, 0}, mode, 1.5f));
    const ValueId five = make.reshape(x, {2, 3, 2, 2, 5});
    make.output(make.pad(five, {0, 1, 0, 0, 2}, {0, 0, 0, 0, 1}, mode, -1.0f));
    make.output(make.conv(make.pad(x, {0, 0, 1, 1}, {0, 0, 1, 1}, mode), 16, window(3)));
    const LoweredNetwork lowered = require_equal(make.network, {{2, 3, 4, 5}});
    REQUIRE(count_of(kernel_names(lowered), "pad") == (mode == PadMode::constant ? 3 : 4));
}

TEST_CASE("padding five axes at once is refused") {
    NetworkMaker make;
    const ValueId x = make.reshape(make.input("x", {2, 3, 4, 5}), {2, 3, 2, 2, 5});
    make.output(make.pad(x, {1, 1, 1, 1, 1}, {0, 0, 0, 0, 0}, PadMode::constant));
    REQUIRE_THROWS_WITH(
        lower(make.network, {{"x86-64-linux"}}),
        "test.onnx: node \"Pad_1\" (Pad): pads a tensor of more than four dimensions; reshape it to four");
}

TEST_CASE("operators along an axis") {
    const int64_t axis = GENERATE(0, 1, 2, 3);
    NetworkMaker make;
    const ValueId x = make.conv(make.input("x", {2, 3, 4, 5}), 16, window(1));
    make.output(make.node("Softmax", SoftmaxOp{axis, false}, {x}, make.shape(x)));
    make.output(make.node("LogSoftmax", SoftmaxOp{axis, true}, {x}, make.shape(x)));
    std::vector<Size> kept = make.shape(x), dropped = kept;
    kept[static_cast<size_t>(axis)] = Size(1);
    dropped.erase(dropped.begin() + axis);
    make.output(make.node("ArgMax", ArgmaxOp{axis, true, false}, {x}, kept, ElementType::i64));
    const ValueId last = make.node("ArgMax", ArgmaxOp{axis, false, true}, {x}, dropped, ElementType::i64);
    make.output(make.node("Cast", CastOp{}, {last}, dropped, ElementType::f32));
    make.output(make.node("InstanceNormalization", InstanceNormOp{0.01f}, {x, make.constant({16}), make.constant({16})},
                          make.shape(x)));
    require_equal(make.network, {{2, 3, 4, 5}});
}

TEST_CASE("pools and resizes, blocked and planar") {
    const int64_t channels = GENERATE(3, 20);
    NetworkMaker make;
    const ValueId x = make.conv(make.input("x", {1, 3, 0, 0}), channels, window(3, 1, 1, 1));
    PoolOp op{PoolKind::max, {3, 2}, {2, 1}, {1, 2}, {1, 0}, {1, 1}};
    make.output(make.pool(x, op));
    op.kind = PoolKind::average;
    make.output(make.pool(x, op));
    op.count_include_pad = true;
    make.output(make.resize(make.pool(x, op), 2, ResizeMode::nearest));
    make.output(make.conv(make.resize(x, 3, ResizeMode::linear), 16, window(3, 1, 1, 1)));
    make.output(make.global_pool(x, {PoolKind::max, true}));
    make.output(make.global_pool(x, {PoolKind::average, false}));
    require_equal(make.network, {{1, 3, 7, 6}});
    require_equal(make.network, {{1, 3, 9, 13}});
}

}  // namespace
}  // namespace atrous::test
