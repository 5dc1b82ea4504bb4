#include "runtime/network_plan.h"

#include <algorithm>
#include <random>

#include "network_fixture.h"

using namespace atrous;
using namespace atrous::plan;

TEST_CASE("Expressions are evaluated over the input's sizes") {
    PlanWriter plan;
    const uint32_t h = plan.input_dim(0, 0), w = plan.input_dim(0, 1);
    plan.input({h, w});
    const uint32_t two = plan.constant(2), half = plan.constant(0.5), minus = plan.expression(ExprOp::neg, w);
    const auto op = [&](ExprOp code, uint32_t a, uint32_t b = 0, uint32_t c = 0) {
        return plan.expression(code, a, b, c);
    };
    const uint32_t hundred = plan.constant(100);
    // h = 7, w = 3
    const std::vector<std::pair<uint32_t, int64_t>> expected{
        {op(ExprOp::add, h, w), 10},
        {op(ExprOp::sub, h, w), 4},
        {op(ExprOp::mul, h, w), 21},
        {op(ExprOp::mul, op(ExprOp::div, h, two), two), 7},
        {op(ExprOp::floor_div, h, w), 2},
        {op(ExprOp::add, hundred, op(ExprOp::floor_div, h, minus)), 97},
        {op(ExprOp::add, hundred, op(ExprOp::trunc_div, h, minus)), 98},
        {op(ExprOp::mod, h, w), 1},
        {op(ExprOp::add, hundred, op(ExprOp::mod, h, minus)), 98},
        {op(ExprOp::min, h, w), 3},
        {op(ExprOp::max, h, w), 7},
        {op(ExprOp::floor, op(ExprOp::div, h, two)), 3},
        {op(ExprOp::ceil, op(ExprOp::div, h, two)), 4},
        {op(ExprOp::round_even, op(ExprOp::div, h, two)), 4},
        {op(ExprOp::round_even, op(ExprOp::mul, op(ExprOp::add, two, w), half)), 2},
        {op(ExprOp::sqrt, op(ExprOp::mul, h, h)), 7},
        {op(ExprOp::floor, op(ExprOp::mul, op(ExprOp::to_f32, plan.constant(0.1)), plan.constant(1e9))), 100000001},
        {op(ExprOp::equal, h, w), 0},
        {op(ExprOp::less, w, h), 1},
        {op(ExprOp::select, op(ExprOp::less, w, h), h, w), 7},
        {op(ExprOp::select, op(ExprOp::less, h, w), h, w), 3},
    };
    for (const auto& [expression, value] : expected) plan.output({expression});
    Fixture fixture(plan);
    std::vector<float> x(21);
    const atrous_tensor in = tensor_of(x, {7, 3});
    std::vector<atrous_tensor> out(expected.size());
    REQUIRE(network::output_shape(fixture.net, &in, out.data()) == ATROUS_OK);
    for (size_t i = 0; i < out.size(); ++i) {
        CAPTURE(i);
        CHECK(out[i].shape[0] == expected[i].second);
    }
}

TEST_CASE("Sizes that are no sizes are refused") {
    const auto shape_with = [](ExprOp op, double a, double b) {
        PlanWriter plan;
        const uint32_t length = plan.input_dim(0, 0);
        plan.input({length});
        plan.output({plan.expression(op, plan.constant(a), plan.constant(b))});
        Fixture fixture(plan);
        std::vector<float> x(1);
        const atrous_tensor in = tensor_of(x, {1});
        atrous_tensor out{};
        return network::output_shape(fixture.net, &in, &out);
    };
    CHECK(shape_with(ExprOp::sub, 2, 3) == ATROUS_BAD_SHAPE);
    CHECK(shape_with(ExprOp::div, 1, 2) == ATROUS_BAD_SHAPE);
    CHECK(shape_with(ExprOp::div, 1, 0) == ATROUS_BAD_SHAPE);
    CHECK(shape_with(ExprOp::div, 0, 0) == ATROUS_BAD_SHAPE);
    CHECK(shape_with(ExprOp::mul, 1e200, 1e200) == ATROUS_BAD_SHAPE);
    CHECK(shape_with(ExprOp::mul, 65536, 65536) == ATROUS_TOO_LARGE);
    CHECK(shape_with(ExprOp::sub, 3, 3) == ATROUS_OK);
}

TEST_CASE("A declared size binds, two inputs of one size too") {
    PlanWriter plan;
    const uint32_t length = plan.input_dim(0, 1);
    plan.input({plan.constant(3), length});
    plan.input({length});
    plan.output({length});
    Fixture fixture(plan);
    std::vector<float> x(100);
    atrous_tensor out{};
    const auto shape_of = [&](std::vector<int64_t> a, std::vector<int64_t> b) {
        const atrous_tensor in[] = {tensor_of(x, a), tensor_of(x, b)};
        return network::output_shape(fixture.net, in, &out);
    };
    CHECK(shape_of({3, 5}, {5}) == ATROUS_OK);
    CHECK(shape_of({2, 5}, {5}) == ATROUS_BAD_SHAPE);
    CHECK(shape_of({3, 5}, {6}) == ATROUS_BAD_SHAPE);
}

TEST_CASE("A view outside its tensor never reaches a kernel") {
    const auto run_with = [](double offset, double stride, double extent) {
        PlanWriter plan;
        const uint32_t length = plan.input_dim(0, 0);
        const uint32_t x = plan.tensor(TensorKind::input, length, 0, 0, 0);
        const uint32_t y = plan.tensor(TensorKind::output, length, 0, 0, 0);
        plan.input({length});
        plan.output({length});
        plan.step(
            scale,
            {{ArgKind::buffer, plan.vector(x, plan.constant(offset), plan.constant(extent), plan.constant(stride))},
             {ArgKind::f32, plan.constant(1)},
             {ArgKind::i32, plan.constant(0)},
             {ArgKind::buffer, plan.vector(y, plan.constant(0), plan.constant(extent), plan.constant(1))}});
        Fixture fixture(plan);
        std::vector<float> data(10), result(10);
        const atrous_tensor in = tensor_of(data, {10}), out = tensor_of(result, {10});
        return network::run(fixture.net, &in, &out, nullptr, 1);
    };
    CHECK(run_with(0, 1, 10) == ATROUS_OK);
    CHECK(run_with(9, -1, 10) == ATROUS_OK);
    CHECK(run_with(0, 3, 4) == ATROUS_OK);
    CHECK(run_with(0, 1, 0) == ATROUS_OK);
    CHECK(run_with(5, 0, 10) == ATROUS_OK);
    CHECK(run_with(1, 1, 10) == ATROUS_BAD_PLAN);
    CHECK(run_with(-1, 1, 5) == ATROUS_BAD_PLAN);
    CHECK(run_with(8, -1, 10) == ATROUS_BAD_PLAN);
    CHECK(run_with(0.5, 1, 1) == ATROUS_BAD_PLAN);
    CHECK(run_with(0, 3e9, 2) == ATROUS_TOO_LARGE);
}

namespace {

// count, buffers …: 0 if no two of them overlap and all are aligned
int distinct_kernel(void** args) {
    const int32_t count = *static_cast<int32_t*>(args[1]);
    std::vector<std::pair<uint8_t*, uint8_t*>> ranges;
    for (int32_t i = 0; i < count; ++i) {
        const halide_buffer_t& b = buffer_at(args, 2 + i);
        if (reinterpret_cast<uintptr_t>(b.host) % 64 != 0) return 1;
        ranges.emplace_back(b.host, b.host + b.dim[0].extent * 4);
    }
    std::sort(ranges.begin(), ranges.end());
    for (size_t r = 1; r < ranges.size(); ++r) {
        if (ranges[r].first < ranges[r - 1].second) return 2;
    }
    return 0;
}

}  // namespace

TEST_CASE("Arena tensors that live at the same time do not overlap, and others share memory") {
    std::mt19937 random(7);
    const network::Kernel kernels[] = {distinct_kernel};
    for (int round = 0; round < 50; ++round) {
        const uint32_t steps = 30, count = 40;
        PlanWriter plan;
        const uint32_t zero = plan.constant(0), one = plan.constant(1);
        plan.input({plan.input_dim(0, 0)});
        std::vector<uint64_t> live(steps);
        uint64_t sum = 0;
        for (uint32_t t = 0; t < count; ++t) {
            const uint32_t first = static_cast<uint32_t>(random() % steps);
            const uint32_t last = std::min(steps - 1, first + static_cast<uint32_t>(random() % 6));
            const uint64_t elements = 1 + random() % 2000, bytes = (elements * 4 + 63) / 64 * 64;
            const uint32_t size = plan.constant(static_cast<double>(elements));
            plan.vector(plan.tensor(TensorKind::arena, size, 0, first, last), zero, size, one);
            for (uint32_t s = first; s <= last; ++s) live[s] += bytes;
            sum += bytes;
        }
        for (uint32_t s = 0; s < steps; ++s) {
            std::vector<Arg> arguments(1);
            for (uint32_t t = 0; t < count; ++t) {
                const bool alive = plan.tensors[t].first_step <= s && s <= plan.tensors[t].last_step;
                if (alive) arguments.push_back({ArgKind::buffer, t});
            }
            arguments[0] = {ArgKind::i32, plan.constant(static_cast<double>(arguments.size() - 1))};
            plan.step(0, arguments);
        }
        Fixture fixture(plan, kernels);
        std::vector<float> x(1);
        const atrous_tensor in = tensor_of(x, {1});
        atrous_tensor none{};
        CHECK(network::run(fixture.net, &in, &none, nullptr, 1) == ATROUS_OK);
        size_t bytes = 0;
        REQUIRE(network::workspace_size(fixture.net, &in, &bytes) == ATROUS_OK);
        const uint64_t arena = bytes - fixture.net->tables.end, most = *std::max_element(live.begin(), live.end());
        CHECK(arena >= most);
        CHECK(arena <= most + most / 2);
        CHECK(arena < sum);
    }
}

TEST_CASE("Sizes beyond 32 bits and beyond memory are refused before anything runs") {
    const auto workspace_with = [](double elements, int tensors) {
        PlanWriter plan;
        plan.input({plan.input_dim(0, 0)});
        for (int i = 0; i < tensors; ++i) plan.tensor(TensorKind::arena, plan.constant(elements), 0, 0, 0);
        Fixture fixture(plan);
        std::vector<float> x(1);
        const atrous_tensor in = tensor_of(x, {1});
        size_t bytes = 0;
        return network::workspace_size(fixture.net, &in, &bytes);
    };
    CHECK(workspace_with(2147483647.0, 3) == ATROUS_OK);
    CHECK(workspace_with(2147483648.0, 1) == ATROUS_TOO_LARGE);
    CHECK(workspace_with(1e300, 1) == ATROUS_BAD_SHAPE);
    CHECK(workspace_with(-5, 1) == ATROUS_OK);
}
