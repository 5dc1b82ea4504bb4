// What lower() hands on: the plan as text, the rows of the table, kernels and their hints; and what it refuses.
#include "compiler/lower.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "schedules/registry.h"
#include "tests/compiler/lower_network.h"
#include "tests/reference/interpreter.h"

namespace atrous::test {
namespace {

using F = ElementwiseFunction;

const LowerOptions options{{"x86-64-linux-avx2-f16c-fma-sse41"}, 64, 48};

// By hand: a halo of one pixel around a packed image of 3 channels (one block of 16), filled above and below, then left
// and right; the convolution reads it and writes an image without a halo, which is unpacked into the caller's buffer.
TEST_CASE("the plan of one convolution") {
    NetworkMaker make;
    const ValueId x = make.input("image", {1, 3, 4, 5});
    make.output(make.unary(F::relu, make.conv(x, 8, window(3, 1, 1, 1))));
    REQUIRE(plan_text(lower(make.network, options)) == R"(input image f32 [1, 3, 4, 5]
output v4 f32 [1, 8, 4, 5]
tensor 0 input f32[60] "image"
tensor 1 output f32[160] "v4"
tensor 2 arena f32[672] "image" steps 0..3
tensor 3 weights f32[16] "c2" at 0
tensor 4 arena f32[320] "v4" steps 3..4
tensor 5 weights f32[432] "c1" at 64
step 0 fill_f32_c16 "Conv_0 + relu_1"
    0
    tensor 2 + 0 [16:1, 7:16, 1:112, 2:560, 1:672]
step 1 fill_f32_c16 "Conv_0 + relu_1"
    0
    tensor 2 + 112 [16:1, 1:16, 4:112, 2:96, 1:672]
step 2 pack_f32_c16 "Conv_0 + relu_1"
    tensor 0 + 0 [5:1, 4:5, 3:20, 1:60]
    tensor 2 + 128 [16:1, 5:16, 4:112, 1:672, 1:672]
step 3 conv_f32_c16_k3x3_s1x1_relu "Conv_0 + relu_1"
    tensor 2 + 128 [16:1, 5:16, 4:112, 1:672, 1:672]
    tensor 5 + 0 [16:1, 3:16, 3:48, 3:144, 1:432, 1:432]
    tensor 3 + 0 [16:1, 1:16]
    1
    1
    1
    1
    1
    0
    0
    tensor 4 + 0 [16:1, 5:16, 4:80, 1:320, 1:320]
step 4 unpack_f32_c16 "Conv_0 + relu_1"
    tensor 4 + 0 [16:1, 5:16, 4:80, 1:320, 1:320]
    tensor 1 + 0 [5:1, 4:5, 8:20, 1:160]
)");
}

TEST_CASE("rows of the table: shapes at the size asked for, work, who computes it") {
    NetworkMaker make;
    const ValueId x = make.input("image", {0, 3, 0, 0});
    const ValueId a = make.unary(F::relu, make.conv(x, 32, window(3, 2, 1, 1)));
    const ValueId b = make.transposed(a, 16, transposed_window(2, 2, 1, 0, 0));
    make.output(make.slice(make.concat({b, make.conv(x, 16, window(1))}, 1), 1, 16, 16));
    const LoweredNetwork lowered = lower(make.network, options);
    REQUIRE(lowered.operators.size() == 5);
    const auto row = [&](size_t i) { return lowered.operators[i]; };
    CHECK(row(0).name == "Conv_0 + relu_1");
    CHECK(row(0).onnx_type == "Conv");
    CHECK(row(0).shape == "1x32x32x24");
    CHECK(row(0).gflop == Approx(2 * 32 * 32 * 24 * 27 / 1e9));
    CHECK(row(1).shape == "1x16x64x48");
    CHECK(row(1).gflop == Approx(2.0 * 32 * 32 * 24 * 16 * 4 / 1e9));
    CHECK(row(3).onnx_type == "Concat");
    CHECK(row(3).schedule == "view");
    CHECK(row(3).gflop == 0);
    CHECK(row(4).schedule == "view");
    for (const LoweredKernel& kernel : lowered.kernels) {
        const auto* conv = std::get_if<ConvSpec>(&kernel.spec);
        if (!conv || conv->stride_x != 2) continue;
        CHECK(kernel.hint.width == 24);
        CHECK(kernel.hint.height == 32);
        CHECK(kernel.hint.channels_in == 3);
        CHECK(kernel.hint.channels_out == 32);
    }
}

TEST_CASE(
    "where the size is free, a panel is what the product does at a time, and the choice another than for one size") {
    const auto lowered = [](int64_t size, const LowerOptions& how) {
        NetworkMaker make;
        const ValueId x = make.input("image", {1, 16, size, size});
        make.output(make.conv(x, 16, window(3, 1, 1, 1)));
        return lower(make.network, how);
    };
    for (const std::string target : {"x86-64-linux-avx2-f16c-fma-sse41", "arm-64-linux"}) {
        const auto panel = [&](const LoweredNetwork& network) {
            for (const LoweredKernel& kernel : network.kernels)
                if (const auto* product = std::get_if<BatchedGemmSpec>(&kernel.spec))
                    return std::pair(kernel.hint.width, tiles_at_a_time(*product, kernel.hint, target));
            return std::pair(0, 0);
        };
        const LowerOptions open{{target}, 0, 0, WinogradPolicy::f4}, one{{target}, 320, 320, WinogradPolicy::f4};
        const auto [fixed, fixed_step] = panel(lowered(320, open));
        CHECK(fixed > fixed_step);
        for (const LowerOptions& how : {open, one}) {
            const auto [free, step] = panel(lowered(0, how));
            CHECK(free == step);
            CHECK(free > 1);
        }
        CHECK(lowered(0, open).operators[0].shape == "1x16x320x320");
        CHECK(lowered(0, open).operators[0].schedule != lowered(0, one).operators[0].schedule);
    }
}

// The interpreter is only worth something if it sees what is wrong with a plan.
TEST_CASE("the interpreter finds halos that nobody fills, tensors that are too small, and lives that end too early") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 3, 4, 5});
    make.output(make.conv(make.conv(x, 8, window(3, 1, 1, 1)), 8, window(1)));
    LoweredNetwork lowered = lower(make.network, options);
    const auto input = reference::PlanTensor::of({1, 3, 4, 5}, std::vector<float>(60, 1.0f));
    REQUIRE_NOTHROW(reference::run_plan(lowered, {input}));

    plan::Header header{};
    std::memcpy(&header, lowered.plan.data(), sizeof(header));
    const auto change = [&](const plan::Table& table, size_t index, auto entry, auto&& edit) {
        uint8_t* at = lowered.plan.data() + table.offset + index * sizeof(entry);
        std::memcpy(&entry, at, sizeof(entry));
        edit(entry);
        std::memcpy(at, &entry, sizeof(entry));
    };
    const auto one = [&] {  // an expression that is 1
        for (uint32_t e = 0;; ++e) {
            plan::Expr expr{};
            std::memcpy(&expr, lowered.plan.data() + header.expressions.offset + e * sizeof(expr), sizeof(expr));
            if (expr.op == plan::ExprOp::constant && expr.value == 1) return e;
        }
    };
    SECTION("a fill is left out") {
        change(header.steps, 0, plan::Step{}, [&](plan::Step& step) { step.skip = one(); });
        REQUIRE_THROWS_WITH(reference::run_plan(lowered, {input}), Catch::Contains("which nobody wrote"));
    }
    SECTION("a tensor is one float") {
        change(header.tensors, 2, plan::Tensor{}, [&](plan::Tensor& tensor) { tensor.size = one(); });
        REQUIRE_THROWS_WITH(reference::run_plan(lowered, {input}), Catch::Contains("a view reaches outside tensor 2"));
    }
    SECTION("a tensor ends one step early") {
        change(header.tensors, 2, plan::Tensor{}, [&](plan::Tensor& tensor) { --tensor.last_step; });
        REQUIRE_THROWS_WITH(reference::run_plan(lowered, {input}), "a step uses tensor 2 outside its lifetime");
    }
}

std::string refusal(const Network& network) {
    try {
        lower(network, options);
    } catch (const std::exception& error) {
        return error.what();
    }
    return "accepted";
}

TEST_CASE("what cannot be lowered is refused by node, with what was expected") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 4, 5, 5}), w = make.input("w", {4, 4, 3, 3});
    make.output(make.conv(x, 4, window(3)));
    Node& conv = make.network.nodes[0];

    SECTION("weights that are computed") {
        conv.inputs[1] = w;
        REQUIRE(refusal(make.network) ==
                "test.onnx: node \"Conv_0\" (Conv): has weights that are computed, expected a "
                "float constant; store them in the model");
    }
    SECTION("weights of another shape") {
        std::get<ConvOp>(conv.op).kernel = {3, 5};
        REQUIRE(refusal(make.network) ==
                "test.onnx: node \"Conv_0\" (Conv): has weights of shape 4x4x3x3, expected "
                "4x4x3x5; check the model");
    }
    SECTION("groups that do not divide") {
        std::get<ConvOp>(conv.op).groups = 3;
        REQUIRE(refusal(make.network) ==
                "test.onnx: node \"Conv_0\" (Conv): has 3 groups for 4 and 4 channels, expected "
                "a divisor of both; check the model");
    }
    SECTION("a stride of nothing") {
        std::get<ConvOp>(conv.op).stride = {1, 0};
        REQUIRE(refusal(make.network) ==
                "test.onnx: node \"Conv_0\" (Conv): has a kernel, stride, dilation or padding "
                "out of range, expected at least 1 and at most 2^30; check the model");
    }
    SECTION("channels that depend on the input") {
        make.network.values[x].shape[1] = Size::input_dim(0, 1, "channels");
        REQUIRE(refusal(make.network) ==
                "test.onnx: node \"Conv_0\" (Conv): has a number of channels that depends on "
                "the input's size; declare the channels as numbers");
    }
    SECTION("volumes") {
        make.network.values[x].shape.push_back(Size(5));
        REQUIRE(refusal(make.network) ==
                "test.onnx: node \"Conv_0\" (Conv): reads an input of rank 5, expected N,C,H,W "
                "or N,C,L; 3-D networks are not supported");
    }
}

}  // namespace
}  // namespace atrous::test
