// Convolutions in a loop over rows equal the same ones over whole images, whatever height the rows have to divide.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "compiler/tuning/tuning_record.h"
#include "runtime/plan_view.h"
#include "schedules/registry.h"
#include "tests/compiler/lower_network.h"

namespace atrous::test {
namespace {

using F = ElementwiseFunction;

// Steps first and last of each loop over rows, from the plan's text. Winograd's loops read weights, too.
std::vector<std::string> loops_of(const LoweredNetwork& lowered) {
    const std::string text = plan_text(lowered), mark = "loop over steps ";
    std::vector<std::string> loops;
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
        const size_t begin = at + mark.size();
        loops.push_back(text.substr(begin, text.find(',', begin) - begin));
    }
    return loops;
}

const std::vector<int64_t> heights{1, 2, 3, 4, 8, 12, 13, 16};

TEST_CASE("a depthwise convolution and those of one pixel after it, unpacked, in one loop") {
    const int64_t stride = GENERATE(1, 2), dilation = GENERATE(1, 3);
    const int64_t channels = stride == 1 ? 20 : 84;  // enough for a loop to be worthwhile
    NetworkMaker make;
    const ValueId x = make.input("x", {1, channels, 0, 0});
    ConvOp op = window(3, stride, dilation, dilation, channels);
    op.pad_begin[0] -= 1;
    op.pad_end[0] += 1;
    const ValueId a = make.conv(x, channels, op), b = make.unary(F::relu, make.conv(a, 2 * channels, window(1)));
    make.output(make.conv(b, channels - 2, window(1)));
    for (const int64_t height : heights) {
        const LoweredNetwork lowered = require_equal(make.network, {{1, channels, height, 9}});
        // pack, the halo's rows above and below and its columns; then the loop of four.
        const std::vector<std::string> names = kernel_names(lowered);
        REQUIRE(loops_of(lowered) ==
                std::vector{std::to_string(names.size() - 4) + ".." + std::to_string(names.size() - 1)});
        REQUIRE(lowered.operators.size() == 3);
        REQUIRE(lowered.operators[0].schedule.ends_with(", by rows"));
        REQUIRE(lowered.operators[2].schedule.ends_with(", by rows"));
    }
}

// The operators that the plan's steps are done for, in order.
std::vector<uint32_t> operators_of(const LoweredNetwork& lowered) {
    std::vector<uint64_t> blob((lowered.plan.size() + 7) / 8);
    std::memcpy(blob.data(), lowered.plan.data(), lowered.plan.size());
    const plan::PlanView view(reinterpret_cast<const uint8_t*>(blob.data()));
    REQUIRE(view.is_valid());
    REQUIRE(view.header().operators.count == lowered.operators.size());
    for (size_t i = 0; i < lowered.operators.size(); ++i)
        CHECK(view.string(view.operators()[i].name) == lowered.operators[i].name);
    std::vector<uint32_t> operators;
    for (uint64_t s = 0; s < view.header().steps.count; ++s) operators.push_back(view.steps()[s].operator_index);
    return operators;
}

TEST_CASE("steps of a loop over rows, and those before it, are done for their operators") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 20, 0, 0});
    const ValueId a = make.conv(x, 20, window(3, 1, 1, 1, 20));
    make.output(make.conv(make.conv(a, 40, window(1)), 18, window(1)));
    const LoweredNetwork lowered = require_equal(make.network, {{1, 20, 16, 9}});
    REQUIRE(loops_of(lowered).size() == 1);
    std::vector<uint32_t> operators = operators_of(lowered);
    REQUIRE(operators.size() >= 5);
    // Pack and fills, the convolutions, and what takes the last one's blocks apart.
    const std::vector<uint32_t> end(operators.end() - 5, operators.end());
    CHECK(end == std::vector<uint32_t>{0, 0, 1, 2, 2});
    CHECK(std::count(operators.begin(), operators.end(), 0u) == static_cast<std::ptrdiff_t>(operators.size()) - 3);
}

TEST_CASE("outputs that nothing computes are written by the last operator, or by none") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 2, 3, 3});
    make.output(x);
    const LoweredNetwork alone = require_equal(make.network, {{1, 2, 3, 3}});
    CHECK(operators_of(alone) == std::vector<uint32_t>{plan::none});
    make.output(make.unary(F::relu, x));
    const std::vector<uint32_t> operators = operators_of(require_equal(make.network, {{1, 2, 3, 3}}));
    CHECK(std::count(operators.begin(), operators.end(), 0u) == static_cast<std::ptrdiff_t>(operators.size()));
}

TEST_CASE("residuals of a loop over rows, activations, and a reader in blocks after it") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 32, 0, 0});
    const ValueId skip = make.conv(x, 32, window(1));
    const ValueId a = make.unary(F::relu, make.conv(skip, 32, window(3, 1, 2, 2, 32)));
    const ValueId b = make.unary(F::relu, make.binary(F::add, make.conv(a, 32, window(1)), skip));
    make.output(make.conv(b, 32, window(3, 1, 1, 1)));
    make.output(make.conv(b, 2, window(3, 1, 1, 1)));
    for (const int64_t height : heights) {
        const LoweredNetwork lowered = require_equal(make.network, {{1, 32, height, 7}});
        REQUIRE(lowered.operators[1].schedule.ends_with(", by rows"));
        REQUIRE(lowered.operators[2].schedule.ends_with(", by rows"));
    }
}

TEST_CASE("transposed convolutions from planes to planes, or to a convolution of one pixel, row by row") {
    const auto [kernel, stride, pad, extra, groups] = GENERATE(table<int64_t, int64_t, int64_t, int64_t, int64_t>(
        {{2, 2, 0, 0, 1}, {1, 3, 0, 2, 1}, {3, 2, 1, 1, 1}, {4, 4, 0, 0, 2}, {5, 3, 1, 0, 32}, {2, 1, 0, 0, 1}}));
    const bool follow = GENERATE(false, true);
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 32, 0, 0});
    ValueId y = make.unary(F::relu, make.transposed(x, 32, transposed_window(kernel, stride, 1, pad, extra, groups)));
    if (follow) y = make.conv(y, 20, window(1));
    make.output(y);
    for (const int64_t height : heights) {
        const LoweredNetwork lowered = require_equal(make.network, {{1, 32, height, 5}});
        const bool all = kernel <= stride && pad == 0;  // reads its own row: packed in the loop
        const size_t steps = kernel_names(lowered).size();
        REQUIRE(loops_of(lowered).size() == 1);
        if (all) REQUIRE(loops_of(lowered)[0] == "0.." + std::to_string(steps - 1));
    }
}

TEST_CASE("pieces of rows with fewer taps, in a loop over rows") {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 32, 33, 33});
    ConvOp op = window(3, 1, 18, 18, 2);
    make.output(make.conv(make.conv(x, 64, op), 20, window(1)));
    // So small an image has a loop where a tuning record says so.
    LowerOptions options{{"x86-64-linux-avx2-f16c-fma-sse41"}};
    options.winograd = WinogradPolicy::off;
    const LoweredNetwork whole = lower(make.network, options);
    REQUIRE(loops_of(whole).empty());
    TuningRecord record({options.targets[0], "any", halide_version(), 1});
    OperatorTuning by_rows;
    by_rows.by_rows = true;
    record.set({whole.operators[0].tunable->key, by_rows, {}, {}, {}});
    options.tuning = &record;
    const LoweredNetwork lowered = lower(make.network, options);
    require_right(lowered, make.network, {{1, 32, 33, 33}});
    REQUIRE(count_of(kernel_names(lowered), "conv") == 3);
    REQUIRE(loops_of(lowered).size() == 1);
}

TEST_CASE("no loop over rows for several images, small ones, or results that others read too") {
    enum class Case { several_images, small, returned, read_twice, large_weights };
    const Case which =
        GENERATE(Case::several_images, Case::small, Case::returned, Case::read_twice, Case::large_weights);
    const int64_t channels = which == Case::large_weights ? 400 : 32, size = which == Case::small ? 6 : 0;
    NetworkMaker make;
    const ValueId x = make.input("x", {which == Case::several_images ? 2 : 1, channels, size, size});
    const ValueId a = make.conv(x, channels, window(3, 1, 1, 1, channels));
    ValueId b = make.conv(a, channels, window(1));
    if (which == Case::returned) make.output(a);
    if (which == Case::read_twice)
        make.output(make.pool(a, {PoolKind::average, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}));
    b = make.pool(b, {PoolKind::average, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}});
    make.output(b);
    const LoweredNetwork lowered =
        require_equal(make.network, {{which == Case::several_images ? 2 : 1, channels, 6, 6}});
    REQUIRE(loops_of(lowered).empty());
}

}  // namespace
}  // namespace atrous::test
