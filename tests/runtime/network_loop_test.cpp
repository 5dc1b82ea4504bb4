// Loops of a plan: iterations on all threads, scratch memory of each.
#include <algorithm>

#include "network_fixture.h"

using namespace atrous;
using namespace atrous::plan;

namespace {

// For i in 0 … length − 1: a = i + 1 everywhere, b = a², c = 2·b, y[i] += c; every step in its own scratch tensor, with
// a parallel kernel among them.
struct LoopPlan : PlanWriter {
    uint32_t length = input_dim(0, 0), zero = constant(0), one = constant(1), size = constant(50);
    uint32_t x = tensor(TensorKind::input, length, 0, 0, 0);
    uint32_t a = tensor(TensorKind::scratch, size, 0, 0, 1), b = tensor(TensorKind::scratch, size, 0, 1, 2),
             c = tensor(TensorKind::scratch, size, 0, 2, 3);
    uint32_t y = tensor(TensorKind::output, length, 0, 0, 3);
    LoopPlan() {
        input({length});
        output({length});
        const Arg in_a = whole(a), in_b = whole(b), in_c = whole(c), iteration{ArgKind::iteration, 0};
        step(number, {iteration, in_a});
        step(square, {in_a, in_b});
        step(scale, {in_b, {ArgKind::f32, constant(2)}, {ArgKind::i32, one}, in_c});
        step(gather, {in_c, iteration, {ArgKind::buffer, vector(y, zero, length, one)}});
        loop(4, length);
    }
    Arg whole(uint32_t tensor) { return {ArgKind::buffer, vector(tensor, zero, size, one)}; }
    Arg& arg(size_t step, uint32_t index) { return args[steps[step].first_arg + index]; }
};

std::vector<float> expected_of(size_t length) {
    std::vector<float> result;
    for (size_t i = 0; i < length; ++i) result.push_back(static_cast<float>(2 * i * i + 1));
    return result;
}

int run_code(const PlanWriter& plan, std::vector<float>& y, int threads) {
    Fixture fixture(plan);
    std::vector<float> x(y.size());
    const auto length = static_cast<int64_t>(y.size());
    const atrous_tensor in = tensor_of(x, {length}), out = tensor_of(y, {length});
    return network::run(fixture.net, &in, &out, nullptr, threads);
}

template <typename Change>
int open_changed(Change change) {
    LoopPlan plan;
    change(plan);
    const std::vector<uint64_t> blob = plan.blob();
    const network::Level level{"plain", 0, reinterpret_cast<const uint8_t*>(blob.data()), fake_kernels, nullptr, 0};
    const network::Parts parts{nullptr, "{}", &level, 1};
    atrous_net* net = nullptr;
    const int code = network::open(parts, nullptr, &net);
    network::close(net);
    return code;
}

}  // namespace

TEST_CASE("Every iteration is done once, in scratch memory of its thread") {
    for (const size_t length : {1, 2, 3, 8, 500}) {
        for (const int threads : {1, 2, 4, 8}) {
            CAPTURE(length, threads);
            std::vector<float> y(length);
            REQUIRE(run_code(LoopPlan(), y, threads) == ATROUS_OK);
            REQUIRE(y == expected_of(length));
        }
    }
}

TEST_CASE("A loop of no iterations calls nothing") {
    for (const double iterations : {0.0, -5.0}) {
        LoopPlan plan;
        plan.loops[0].iterations = plan.constant(iterations);
        plan.steps[0].kernel = fail;
        std::vector<float> y(3);
        CHECK(run_code(plan, y, 3) == ATROUS_OK);
        CHECK(y == std::vector<float>(3));
    }
}

TEST_CASE("A number of iterations that is none is refused before anything runs") {
    for (const double iterations : {0.5, 2147483648.0, 1e300}) {
        LoopPlan plan;
        plan.loops[0].iterations = plan.constant(iterations);
        std::vector<float> y(3);
        CHECK(run_code(plan, y, 3) == ATROUS_TOO_LARGE);
        CHECK(y == std::vector<float>(3));
    }
}

TEST_CASE("A workspace holds the first thread's scratch memory and nothing beyond its size is touched") {
    Fixture fixture{LoopPlan()};
    std::vector<float> x(100), y(100);
    const atrous_tensor in = tensor_of(x, {100}), out = tensor_of(y, {100});
    size_t bytes = 0;
    REQUIRE(network::workspace_size(fixture.net, &in, &bytes) == ATROUS_OK);
    // Tensors a and c are not alive at the same time.
    CHECK(bytes == fixture.net->tables.end + fixture.net->tables.slot + size_t{2} * 256);
    for (const int threads : {1, 4}) {
        std::vector<uint8_t> memory(bytes + 128, 0xa5);
        uint8_t* workspace = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
        y.assign(100, 0);
        CHECK(network::run(fixture.net, &in, &out, workspace, threads) == ATROUS_OK);
        CHECK(y == expected_of(100));
        CHECK(std::all_of(workspace + bytes, workspace + bytes + 64, [](uint8_t byte) { return byte == 0xa5; }));
    }
}

TEST_CASE("Loops and steps take their turns") {
    // The loop twice, with a doubling of y between and a skipped loop after.
    LoopPlan plan;
    const uint32_t all = plan.vector(plan.y, plan.zero, plan.length, plan.one);
    plan.step(add, {{ArgKind::buffer, all}, {ArgKind::buffer, all}, {ArgKind::buffer, all}});
    const uint32_t again = plan.tensor(TensorKind::scratch, plan.size, 0, 5, 6);
    const Arg iteration{ArgKind::iteration, 0}, scratch = plan.whole(again);
    plan.step(number, {iteration, scratch});
    plan.step(gather, {scratch, iteration, {ArgKind::buffer, all}});
    plan.loop(2, plan.length);
    plan.step(fail, {{ArgKind::buffer, all}}, plan.one);
    plan.loop(1, plan.length);
    for (const int threads : {1, 3}) {
        std::vector<float> y(20), expected = expected_of(20);
        for (size_t i = 0; i < expected.size(); ++i) expected[i] = 2 * expected[i] + static_cast<float>(i);
        CHECK(run_code(plan, y, threads) == ATROUS_OK);
        CHECK(y == expected);
    }
}

TEST_CASE("A kernel's error ends a loop and its run") {
    LoopPlan plan;
    const Arg last{ArgKind::i32, plan.expression(ExprOp::sub, plan.length, plan.one)};
    plan.steps[1].kernel = limit;
    plan.steps[1].first_arg = static_cast<uint32_t>(plan.args.size());
    plan.args.insert(plan.args.end(), {{ArgKind::iteration, 0}, last});
    plan.step(fail, {plan.whole(plan.x)}, plan.one);
    for (const int threads : {1, 4}) {
        std::vector<float> y(300);
        CHECK(run_code(plan, y, threads) == ATROUS_KERNEL_FAILED);
        CHECK(y[299] == 0);
    }
}

TEST_CASE("Steps of a loop are skipped by their expression, or because they write nothing") {
    for (const int threads : {1, 4}) {
        LoopPlan skipping;
        skipping.steps[2].skip = skipping.expression(ExprOp::less, skipping.length, skipping.constant(1000));
        skipping.arg(3, 0) = skipping.arg(1, 1);  // gathers what is squared
        skipping.tensors[skipping.b].last_step = 3;
        std::vector<float> y(40);
        CHECK(run_code(skipping, y, threads) == ATROUS_OK);
        for (size_t i = 0; i < y.size(); ++i) CHECK(y[i] == static_cast<float>(i * i));

        LoopPlan empty;
        empty.steps[2].kernel = fail;
        empty.arg(2, 3) = {ArgKind::buffer, empty.vector(empty.c, empty.zero, empty.zero, empty.one)};
        empty.arg(3, 0) = empty.arg(1, 1);
        empty.tensors[empty.b].last_step = 3;
        y.assign(40, 0);
        CHECK(run_code(empty, y, threads) == ATROUS_OK);
        for (size_t i = 0; i < y.size(); ++i) CHECK(y[i] == static_cast<float>(i * i));
    }
}

// y[i] = 2·x[length − 1 − i] + w, with views that move: one element of x backwards, one of y forwards, and w, an arena
// tensor, that does not.
struct MovingPlan : PlanWriter {
    uint32_t length = input_dim(0, 0), zero = constant(0), one = constant(1), back = constant(-1);
    uint32_t last = expression(ExprOp::sub, length, one);
    uint32_t x = tensor(TensorKind::input, length, 0, 0, 2), w = tensor(TensorKind::arena, one, 0, 0, 2);
    uint32_t s = tensor(TensorKind::scratch, one, 0, 1, 2), y = tensor(TensorKind::output, length, 0, 0, 2);
    uint32_t from = moving(x, last, one, one, back), to = moving(y, zero, one, one, one);
    MovingPlan() {
        input({length});
        output({length});
        const Arg still{ArgKind::buffer, vector(w, zero, one, one)},
            scratch{ArgKind::buffer, vector(s, zero, one, one)};
        step(number, {{ArgKind::i32, constant(7)}, still});
        step(scale, {{ArgKind::buffer, from}, {ArgKind::f32, constant(2)}, {ArgKind::i32, zero}, scratch});
        step(add, {scratch, still, {ArgKind::buffer, to}});
        loop(2, length);
    }
};

TEST_CASE("A view moves with the iterations, either way") {
    for (const size_t length : {1, 2, 3, 400}) {
        for (const int threads : {1, 2, 4}) {
            CAPTURE(length, threads);
            Fixture fixture{MovingPlan()};
            std::vector<float> x(length), y(length), expected;
            for (size_t i = 0; i < length; ++i) x[i] = static_cast<float>(i * i);
            for (size_t i = length; i-- > 0;) expected.push_back(2 * x[i] + 7);
            const auto size = static_cast<int64_t>(length);
            const atrous_tensor in = tensor_of(x, {size}), out = tensor_of(y, {size});
            REQUIRE(network::run(fixture.net, &in, &out, nullptr, threads) == ATROUS_OK);
            REQUIRE(y == expected);
        }
    }
}

TEST_CASE("A view that moves out of its tensor never reaches a kernel") {
    const auto code_of = [](auto change) {
        MovingPlan plan;
        change(plan);
        std::vector<float> y(3);
        const int code = run_code(plan, y, 2);
        CHECK(y == std::vector<float>(3));
        return code;
    };
    CHECK(code_of([](MovingPlan& p) { p.buffers[p.to].offset = p.one; }) == ATROUS_BAD_PLAN);
    CHECK(code_of([](MovingPlan& p) { p.buffers[p.to].iteration_stride = p.length; }) == ATROUS_BAD_PLAN);
    CHECK(code_of([](MovingPlan& p) { p.buffers[p.from].offset = p.zero; }) == ATROUS_BAD_PLAN);
    CHECK(code_of([](MovingPlan& p) { p.buffers[p.to].iteration_stride = p.constant(0.5); }) == ATROUS_BAD_PLAN);
    CHECK(code_of([](MovingPlan& p) { p.buffers[p.to].iteration_stride = p.constant(1e15); }) == ATROUS_BAD_PLAN);
    CHECK(code_of([](MovingPlan& p) { p.loops[0].iterations = p.constant(4); }) == ATROUS_BAD_PLAN);
    CHECK(code_of([](MovingPlan& p) { p.loops[0].iterations = p.zero, p.buffers[p.to].offset = p.length; }) ==
          ATROUS_OK);
}

TEST_CASE("A view outside a scratch tensor never reaches a kernel") {
    LoopPlan plan;
    plan.arg(1, 0) = {ArgKind::buffer, plan.vector(plan.a, plan.size, plan.size, plan.one)};
    std::vector<float> y(3);
    CHECK(run_code(plan, y, 2) == ATROUS_BAD_PLAN);
}

TEST_CASE("Plans whose loops contradict themselves are refused") {
    CHECK(open_changed([](LoopPlan&) {}) == ATROUS_OK);
    CHECK(open_changed([](LoopPlan& p) { p.loops.clear(); }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.loops[0].first_step = 1; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.loops[0].last_step = 4; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.loops[0].last_step = 2; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.loops[0].iterations = none; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.loops.push_back(p.loops[0]); }) == ATROUS_BAD_PLAN);
    const auto with_second = [](uint32_t first, uint32_t last) {
        return open_changed([&](LoopPlan& p) {
            for (int i = 0; i < 3; ++i) p.step(fail, {});
            p.loops.push_back({first, last, p.length, 0});
        });
    };
    CHECK(with_second(4, 4) == ATROUS_OK);
    CHECK(with_second(5, 6) == ATROUS_OK);
    CHECK(with_second(5, 4) == ATROUS_BAD_PLAN);
    CHECK(with_second(3, 5) == ATROUS_BAD_PLAN);
    CHECK(with_second(6, 7) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) {
              const Loop loop = p.loops[0];
              for (int i = 0; i < 3; ++i) p.step(fail, {});
              p.loops = {{4, 4, p.length, 0}, loop};
          }) == ATROUS_BAD_PLAN);
}

TEST_CASE("Scratch tensors and iterations' numbers belong to one loop, and arena tensors live through it") {
    CHECK(open_changed([](LoopPlan& p) { p.tensors[p.c].last_step = 4; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.tensors[p.b].first_step = 2; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.tensors[p.b].last_step = 1; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.tensors[p.a].size = none; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) {
              p.step(fail, {p.whole(p.c)});
              p.tensors[p.c].last_step = 4;
          }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.step(limit, {{ArgKind::iteration, 0}}); }) == ATROUS_BAD_PLAN);
    const auto with_arena = [](uint32_t first, uint32_t last) {
        return open_changed([&](LoopPlan& p) {
            p.step(fail, {});
            p.arg(1, 1) = p.whole(p.tensor(TensorKind::arena, p.size, 0, first, last));
        });
    };
    CHECK(with_arena(0, 3) == ATROUS_OK);
    CHECK(with_arena(0, 4) == ATROUS_OK);
    CHECK(with_arena(1, 3) == ATROUS_BAD_PLAN);
    CHECK(with_arena(0, 1) == ATROUS_BAD_PLAN);
}

TEST_CASE("Only within a loop do views move, and none of scratch memory") {
    const auto with = [](uint32_t stride, bool in_loop, bool scratch) {
        return open_changed([&](LoopPlan& p) {
            const uint32_t view = p.moving(scratch ? p.a : p.x, p.zero, p.one, p.one, stride == 0 ? p.zero : stride);
            if (in_loop)
                p.arg(1, 0) = {ArgKind::buffer, view};
            else
                p.step(fail, {{ArgKind::buffer, view}});
        });
    };
    CHECK(with(0, true, false) == ATROUS_OK);
    CHECK(with(1000, true, false) == ATROUS_BAD_PLAN);
    CHECK(with(0, false, false) == ATROUS_BAD_PLAN);
    CHECK(with(0, true, true) == ATROUS_BAD_PLAN);
}

TEST_CASE("Indexes out of range are a bad plan") {
    CHECK(open_changed([](LoopPlan& p) { p.arg(0, 1).index = 1000; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.buffers[0].tensor = 1000; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.steps[2].first_arg = 1000; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.steps[2].arg_count = 1000; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.tensors[0].kind = TensorKind(5); }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](LoopPlan& p) { p.arg(2, 0).kind = ArgKind(4); }) == ATROUS_BAD_PLAN);
}

TEST_CASE("Without memory for more slots there is the first one") {
    uint8_t first = 0;
    network::Slots slots(&first, uint64_t(1) << 63);
    slots.add(8);
    CHECK(slots.count() == 1);
    CHECK(slots.at(0) == &first);
    network::Slots more(&first, 128);
    more.add(3);
    CHECK(more.count() == 4);
    CHECK(more.at(3) == more.at(1) + 256);
    more.at(3)[127] = 1;
    network::Slots none(&first, 64);
    none.add(-1);
    CHECK(none.count() == 1);
}
