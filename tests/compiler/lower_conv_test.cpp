// Convolutions of every kind, lowered and run with naive kernels, equal the definition; the interpreter catches reads
// outside halos and of memory that nobody wrote.
#include <catch2/catch.hpp>

#include "compiler/weight_store.h"
#include "tests/compiler/lower_network.h"

namespace atrous::test {
namespace {

using F = ElementwiseFunction;

TEST_CASE("convolutions: kernels, strides, dilations, padding") {
    for (const int64_t kernel : {1, 2, 3, 5})
        for (const int64_t stride : {1, 2, 3})
            for (const int64_t dilation : {1, 2, 3})
                for (const int64_t pad : {0, 1, 2}) {
                    NetworkMaker make;
                    const ValueId x = make.input("x", {1, 3, 0, 0});
                    make.output(make.conv(x, 20, window(kernel, stride, dilation, pad)));
                    if (13 + 2 * pad < dilation * (kernel - 1) + 1) continue;
                    require_equal(make.network, {{1, 3, 13, 14}});
                }
}

TEST_CASE("a padding that differs on all four sides") {
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 16, 0, 0});
    ConvOp op = window(3, 2);
    op.pad_begin = {0, 2};
    op.pad_end = {3, 1};
    make.output(make.conv(x, 17, op));
    require_equal(make.network, {{2, 16, 7, 6}});
    require_equal(make.network, {{2, 16, 1, 1}});
}

TEST_CASE("large dilations on small images: pieces of a row with fewer taps") {
    const auto [dilation, groups, free_size, sum] =
        GENERATE(table<int64_t, int64_t, bool, bool>({{6, 1, false, false},
                                                      {12, 1, false, true},
                                                      {18, 2, false, false},
                                                      {18, 1, true, false},
                                                      {18, 1, false, true},
                                                      {40, 1, false, false}}));
    NetworkMaker make;
    const int64_t extent = free_size ? 0 : 33, channels = 16 * groups;
    const ValueId x = make.input("x", {1, channels, extent, extent});
    const ValueId y = make.conv(x, channels, window(3, 1, dilation, dilation, groups));
    make.output(sum ? make.unary(F::relu, make.binary(F::add, y, x)) : y);
    const LoweredNetwork lowered = require_equal(make.network, {{1, channels, 33, 33}});
    const int pieces = free_size ? 1 : dilation == 12 ? 3 : dilation == 18 ? 2 : 1;
    const std::vector<std::string> names = kernel_names(lowered);
    if (count_of(names, "winograd") == 0) REQUIRE(count_of(names, "conv") == pieces);
}

// How many parts of its input channels a convolution is the sum of, by the calls of a kernel; with what belongs to the
// first part, the residual, and to the last, the activation. Where it is run, the result is right.
int parts_of(const ConvOp& op, WinogradPolicy winograd, int64_t in, int64_t out, int64_t height, int64_t width,
             const std::string& kernel, bool run = false) {
    NetworkMaker make;
    const std::vector<int64_t> x{1, in, height, width}, other{1, out, height / op.stride[0], width / op.stride[1]};
    const ValueId y = make.conv(make.input("x", x), out, op);
    make.output(make.unary(F::relu, make.binary(F::add, y, make.input("other", other))));
    const LoweredNetwork lowered = lower(make.network, {{"x86-64-linux-avx2-f16c-fma-sse41"}, 0, 0, winograd, false});
    if (run) require_right(lowered, make.network, {x, other});
    return count_of(kernel_names(lowered), kernel);
}

TEST_CASE("more weights than the cache holds: directly, in parts of the input channels") {
    const ConvOp op = window(3, 2, 1, 1);
    CHECK(parts_of(op, WinogradPolicy::automatic, 1024, 256, 4, 4, "conv", true) == 4);
    CHECK(parts_of(op, WinogradPolicy::automatic, 1024, 224, 4, 4, "conv") == 1);  // less
    CHECK(parts_of(op, WinogradPolicy::automatic, 1024, 256, 2, 2, "conv") == 1);  // read only once
    CHECK(parts_of(op, WinogradPolicy::automatic, 1040, 256, 4, 4, "conv") == 1);  // no equal parts
}

TEST_CASE("more tiles than the cache holds: in Winograd's domain, in parts of the input channels") {
    const auto parts = [](int64_t in, int64_t extent, bool run = false) {  // a tile for every pixel
        const ConvOp op = window(3, 1, extent, extent);
        return parts_of(op, WinogradPolicy::f4, in, 64, extent, extent, "winograd_weights", run);
    };
    CHECK(parts(512, 11, true) == 2);
    CHECK(parts(512, 10) == 1);  // fewer tiles
    CHECK(parts(256, 16) == 1);  // by groups of tiles
    CHECK(parts(1024, 15) == 4);
    CHECK(parts(1024, 16) == 8);
    CHECK(parts(1024, 23) == 8);  // in 16 they would be fewer channels than are worth a part
}

TEST_CASE("parts of channels that lie in several places, which need not end where the parts do") {
    constexpr int64_t extent = 11;  // a tile for every pixel
    NetworkMaker make;
    const std::vector<int64_t> a{1, 96, extent, extent}, b{1, 416, extent, extent};
    const ValueId joined =
        make.concat({make.unary(F::relu, make.input("a", a)), make.unary(F::relu, make.input("b", b))}, 1);
    make.output(make.conv(joined, 64, window(3, 1, extent, extent)));
    const LoweredNetwork lowered =
        lower(make.network, {{"x86-64-linux-avx2-f16c-fma-sse41"}, 0, 0, WinogradPolicy::f4, false});
    require_right(lowered, make.network, {a, b});
    CHECK(count_of(kernel_names(lowered), "winograd_weights") == 2);
    CHECK(count_of(kernel_names(lowered), "winograd_input") == 3);
}

TEST_CASE("a library for a CPU and a GPU holds filters once, in the order that the CPU's algorithm wants") {
    for (const WinogradPolicy policy : {WinogradPolicy::off, WinogradPolicy::f4}) {
        NetworkMaker make;
        make.output(make.conv(make.input("x", {1, 64, 40, 40}), 64, window(3, 1, 1, 1)));
        WeightStore weights;
        LowerOptions options{{"x86-64-linux-avx2-f16c-fma-sse41"}, 0, 0, policy, false, &weights};
        lower(make.network, options);
        options.targets = {"x86-64-linux-cuda"};
        lower(make.network, options);
        const size_t filters = size_t{64} * 64 * 9 * sizeof(float), bytes = weights.take().size();
        CHECK(bytes > filters);
        CHECK(bytes < 2 * filters);
    }
}

TEST_CASE("in images from memory the area of a group of tiles is fetched, and nothing beside it") {
    NetworkMaker make;
    const ValueId x = make.unary(F::tanh, make.input("x", {1, 16, 0, 0}));  // in blocks
    make.output(make.conv(x, 16, window(3, 1, 3, 3)));
    const LoweredNetwork lowered =
        lower(make.network, {{"x86-64-linux-avx2-f16c-fma-sse41"}, 0, 0, WinogradPolicy::f4, false});
    CHECK(count_of(kernel_names(lowered), "winograd_fetch") == 1);
    require_right(lowered, make.network, {{1, 16, 250, 263}});
    require_right(lowered, make.network, {{1, 16, 7, 5}});
    const LoweredNetwork arm = lower(make.network, {{"arm-64-linux"}, 0, 0, WinogradPolicy::f4, false});
    CHECK(count_of(kernel_names(arm), "winograd_fetch") == 0);  // not measured there
}

TEST_CASE("depthwise transposed convolutions whose result stays planar") {
    const auto [kernel, stride, pad] = GENERATE(
        table<int64_t, int64_t, int64_t>({{16, 8, 4}, {8, 4, 2}, {4, 4, 0}, {9, 4, 0}, {13, 8, 6}, {32, 16, 8}}));
    const bool sum = GENERATE(false, true);
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 21, 0, 0});
    const ValueId y = make.transposed(x, 21, transposed_window(kernel, stride, 1, pad, 0, 21));
    make.output(sum ? make.unary(F::relu, make.binary(F::add, make.input("r", {2, 21, 0, 0}), y)) : y);
    std::vector<std::vector<int64_t>> shapes{{2, 21, 5, 7}};
    const auto size = [&](int64_t n) { return (n - 1) * stride - 2 * pad + kernel; };
    if (sum) shapes.push_back({2, 21, size(5), size(7)});
    const LoweredNetwork lowered = require_equal(make.network, shapes);
    if (kernel == 2 * stride && !sum) REQUIRE(count_of(kernel_names(lowered), "depthwise_conv_f32_planar") == stride);
}

TEST_CASE("groups: depthwise, blocks of 16, and others") {
    const auto [in, out, groups] = GENERATE(table<int64_t, int64_t, int64_t>(
        {{20, 20, 20}, {32, 32, 2}, {32, 64, 2}, {32, 48, 1}, {12, 24, 12}, {12, 8, 4}, {2, 2, 2}, {48, 48, 3}}));
    NetworkMaker make;
    const ValueId x = make.input("x", {1, in, 0, 0});
    make.output(make.conv(x, out, window(3, 1, 2, 2, groups)));
    require_equal(make.network, {{1, in, 6, 5}});
}

TEST_CASE("chains share halos: one image feeds convolutions of different reach") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 0, 0});
    const ValueId a = make.conv(x, 16, window(3, 1, 1, 1));
    const ValueId b = make.conv(a, 16, window(3, 1, 4, 4));
    const ValueId c = make.conv(a, 32, window(5, 2, 1, 2));
    make.output(b);
    make.output(c);
    const LoweredNetwork lowered = require_equal(make.network, {{1, 16, 9, 8}});
    REQUIRE(count_of(kernel_names(lowered), "pack") == 1);
    REQUIRE(count_of(kernel_names(lowered), "unpack") == 2);
}

TEST_CASE("one-dimensional convolutions") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 8, 0});
    ConvOp op;
    op.kernel = {1, 5};
    op.dilation = {1, 2};
    op.pad_begin = op.pad_end = {0, 4};
    const ValueId a = make.unary(F::relu, make.conv(x, 24, op));
    make.output(make.conv(a, 9, op));
    require_equal(make.network, {{1, 8, 11}});
}

TEST_CASE("activations and residuals become part of the convolution") {
    for (const bool transposed : {false, true}) {
        NetworkMaker make;
        const ValueId x = make.input("x", {1, 16, 0, 0});
        const auto layer = [&](ValueId from) {
            return transposed ? make.transposed(from, 16, transposed_window(3, 1, 1, 1, 0))
                              : make.conv(from, 16, window(3, 1, 1, 1));
        };
        const ValueId a = make.unary(F::relu, layer(x));
        const ValueId before = make.unary(F::relu, make.binary(F::add, layer(a), a));
        const ValueId after = make.binary(F::add, make.unary(F::sigmoid, layer(before)), before);
        const ValueId slope = make.constant({16, 1, 1});
        const ValueId prelu = make.binary(F::prelu, layer(after), slope);
        const ValueId prelu_add = make.binary(F::add, a, make.binary(F::prelu, layer(prelu), slope));
        make.output(prelu_add);
        const LoweredNetwork lowered = require_equal(make.network, {{1, 16, 5, 7}});
        REQUIRE(count_of(kernel_names(lowered), "conv") == 5);
        REQUIRE(count_of(kernel_names(lowered), "elementwise") == 0);
        REQUIRE(lowered.operators.size() == 5);
        REQUIRE(lowered.operators[1].name.find(" + ") != std::string::npos);
    }
}

TEST_CASE("a residual that comes later moves the convolution behind it") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 0, 0});
    const ValueId a = make.conv(x, 16, window(3, 1, 1, 1));
    const ValueId b = make.unary(F::exp, make.pool(x, {PoolKind::average, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}));
    make.output(make.binary(F::add, a, b));
    const LoweredNetwork lowered = require_equal(make.network, {{1, 16, 5, 7}});
    REQUIRE(count_of(kernel_names(lowered), "conv") == 1);
    REQUIRE(lowered.operators.size() == 3);
}

TEST_CASE("what somebody else reads is not fused away") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 0, 0});
    const ValueId a = make.conv(x, 16, window(1));
    make.output(make.unary(F::relu, a));
    make.output(make.unary(F::sigmoid, a));
    make.output(a);
    require_equal(make.network, {{1, 16, 3, 2}});
}

TEST_CASE("large images that nobody else needs in blocks are packed and unpacked group by group") {
    const auto lowered = [](const NetworkMaker& make, int size) {
        return lower(make.network, {{"x86-64-linux-avx2-f16c-fma-sse41"}, size, size, WinogradPolicy::f4, false});
    };
    const auto counts = [](const LoweredNetwork& network) {
        const std::vector<std::string> names = kernel_names(network);
        return std::vector<int>{count_of(names, "area"), count_of(names, "unpack_area"), count_of(names, "pack"),
                                count_of(names, "unpack_f32")};
    };
    NetworkMaker make;
    const ValueId x = make.input("x", {2, 17, 0, 0});
    make.output(make.unary(F::sigmoid, make.conv(make.conv(x, 18, window(3, 1, 1, 1)), 33, window(3))));
    const LoweredNetwork large = lowered(make, 640);
    CHECK(counts(large) == std::vector<int>{2, 3, 0, 0});  // a step for each block of channels
    require_right(large, make.network, {{2, 17, 5, 390}});
    CHECK(counts(lowered(make, 64)) == std::vector<int>{0, 0, 1, 1});
    const LoweredNetwork arm = lower(make.network, {{"arm-64-linux"}, 640, 640, WinogradPolicy::f4, false});
    CHECK(counts(arm) == std::vector<int>{0, 0, 1, 1});  // not measured there

    for (const int64_t rate : {2, 3, 7}) {
        NetworkMaker dilated;
        dilated.output(dilated.conv(dilated.input("x", {1, 16, 0, 0}), 16, window(3, 1, rate, rate)));
        const LoweredNetwork network = lowered(dilated, 640);
        CHECK(counts(network) == std::vector<int>{1, 1, 0, 0});
        require_right(network, dilated.network, {{1, 16, 9, 393}});
        require_right(network, dilated.network, {{1, 16, 3, 5}});
    }

    // Groups of a multiple of such a rate would be mostly empty.
    NetworkMaker far;
    far.output(far.conv(far.input("x", {1, 16, 0, 0}), 16, window(3, 1, 64, 64)));
    CHECK(counts(lowered(far, 640)) == std::vector<int>{0, 0, 1, 1});

    NetworkMaker twice;
    const ValueId y = twice.input("x", {1, 16, 0, 0});
    twice.output(twice.binary(F::add, twice.conv(y, 16, window(3, 1, 1, 1)), y));
    CHECK(counts(lowered(twice, 640)) == std::vector<int>{0, 0, 1, 1});
}

TEST_CASE("transposed convolutions: kernels, strides, dilations, padding, output padding") {
    for (const int64_t kernel : {1, 2, 3, 4})
        for (const int64_t stride : {1, 2, 3})
            for (const int64_t dilation : {1, 2, 3})
                for (const int64_t pad : {0, 1, 2})
                    for (const int64_t extra : {0, 1}) {
                        if (extra >= stride && extra >= dilation) continue;
                        NetworkMaker make;
                        const ValueId x = make.input("x", {1, 10, 0, 0});
                        if (2 * stride - 2 * pad + dilation * (kernel - 1) + extra + 1 < 1) continue;
                        make.output(make.unary(
                            F::sigmoid,
                            make.transposed(x, 18, transposed_window(kernel, stride, dilation, pad, extra))));
                        require_equal(make.network, {{1, 10, 3, 4}});
                    }
}

TEST_CASE("transposed convolutions between planar tensors: all phases at once, where nobody wants blocks") {
    const auto names = [](NetworkMaker& make) { return kernel_names(require_equal(make.network, {{1, 10, 17, 40}})); };
    const auto upsampled = [](NetworkMaker& make, int64_t kernel, int64_t stride) {
        return make.transposed(make.input("x", {1, 10, 17, 0}), 21, transposed_window(kernel, stride, 1, 0, 0));
    };
    NetworkMaker alone, softmax, followed, joined, overlapping;
    alone.output(alone.unary(F::relu, upsampled(alone, 2, 2)));
    CHECK(count_of(names(alone), "phased_conv") == 1);
    CHECK(count_of(names(alone), "pack") == 0);

    softmax.output(softmax.unary(F::sigmoid, softmax.unary(F::exp, upsampled(softmax, 3, 3))));
    CHECK(count_of(names(softmax), "phased_conv") == 1);

    followed.output(followed.conv(followed.unary(F::exp, upsampled(followed, 2, 2)), 18, window(3)));
    CHECK(count_of(names(followed), "phased_conv") == 0);

    const ValueId x = upsampled(joined, 2, 2);
    joined.output(joined.binary(F::add, x, joined.conv(x, 21, window(1))));
    CHECK(count_of(names(joined), "phased_conv") == 0);

    NetworkMaker line;  // has no rows to share out
    line.output(
        line.transposed(line.input("x", {1, 10, 1, 64}), 16, {{1, 2}, {1, 2}, {1, 1}, {0, 0}, {0, 0}, {0, 0}, 1}));
    CHECK(count_of(kernel_names(require_equal(line.network, {{1, 10, 1, 64}})), "phased_conv") == 0);

    overlapping.output(upsampled(overlapping, 4, 2));  // Winograd saves more
    CHECK(count_of(names(overlapping), "phased_conv") == 0);
}

TEST_CASE("transposed convolutions: axes that differ, groups, one dimension") {
    TransposedConvOp op;
    op.kernel = {3, 4};
    op.stride = {1, 3};
    op.dilation = {2, 1};
    op.pad_begin = {1, 0};
    op.pad_end = {0, 2};
    op.output_padding = {0, 2};
    const auto [in, out, groups] = GENERATE(
        table<int64_t, int64_t, int64_t>({{16, 16, 16}, {32, 32, 2}, {12, 12, 12}, {6, 9, 3}, {1, 1, 1}, {17, 33, 1}}));
    op.groups = groups;
    NetworkMaker make;
    make.output(make.transposed(make.input("x", {2, in, 0, 0}), out, op, false));
    require_equal(make.network, {{2, in, 4, 3}});

    op.kernel[0] = op.stride[0] = op.dilation[0] = 1;
    op.pad_begin[0] = 0;
    NetworkMaker line;
    line.output(line.transposed(line.input("x", {1, in, 0}), out, op));
    require_equal(line.network, {{1, in, 6}});
}

TEST_CASE("matrix products on pooled vectors: squeeze and excite") {
    NetworkMaker make;
    const ValueId x = make.conv(make.input("x", {2, 3, 0, 0}), 32, window(3, 1, 1, 1));
    const ValueId pooled = make.global_pool(x, {PoolKind::average, true});
    const ValueId flat = make.reshape(pooled, {make.shape(x)[0], Size(32)});
    const ValueId squeezed = make.unary(F::relu, make.linear(flat, 8));
    const ValueId excited = make.unary(F::hard_sigmoid, make.linear(squeezed, 32), 0.2f, 0.5f);
    const ValueId gate = make.reshape(excited, {make.shape(x)[0], Size(32), Size(1), Size(1)});
    make.output(make.binary(F::mul, x, gate));
    const LoweredNetwork lowered = require_equal(make.network, {{2, 3, 6, 5}});
    REQUIRE(count_of(kernel_names(lowered), "pack") == 1);
    REQUIRE(count_of(kernel_names(lowered), "unpack") == 1);
    REQUIRE(count_of(kernel_names(lowered), "copy") == 0);
}

TEST_CASE("equal convolutions share one kernel, equal weights one place") {
    NetworkMaker make;
    ValueId x = make.input("x", {1, 16, 0, 0});
    for (int i = 0; i < 3; ++i) x = make.conv(x, 16, window(3, 1, 1, 1));
    make.network.nodes[2].inputs[1] = make.network.nodes[1].inputs[1];
    make.output(x);
    const LoweredNetwork lowered = require_equal(make.network, {{1, 16, 8, 8}});
    int convolutions = 0;
    for (const LoweredKernel& kernel : lowered.kernels) convolutions += std::holds_alternative<ConvSpec>(kernel.spec);
    REQUIRE(convolutions == 1);
    REQUIRE(lowered.weights.size() == 2 * 16 * 16 * 9 * 4 + 3 * 64);
}

}  // namespace
}  // namespace atrous::test
