#include "runtime/network.h"

#include <thread>

#include "network_fixture.h"
#include "runtime/network_cpu.h"

using namespace atrous;
using namespace atrous::plan;

namespace {

// y = 2·x + 3, then y + weights, for any length up to 16.
PlanWriter scaled_plan() {
    PlanWriter plan;
    const uint32_t length = plan.input_dim(0, 0), zero = plan.constant(0), one = plan.constant(1);
    const uint32_t x = plan.tensor(TensorKind::input, length, 0, 0, 0);
    const uint32_t hidden = plan.tensor(TensorKind::arena, length, 0, 0, 1);
    const uint32_t weights = plan.tensor(TensorKind::weights, plan.constant(16), 0, 0, 0, 64);
    const uint32_t y = plan.tensor(TensorKind::output, length, 0, 1, 1);
    plan.input({length});
    plan.output({length});
    const uint32_t limit = plan.expression(ExprOp::less, length, plan.constant(17));
    plan.constraint(limit, "the length must be at most 16");
    const uint32_t middle = plan.vector(hidden, zero, length, one);
    plan.step(scale, {{ArgKind::buffer, plan.vector(x, zero, length, one)},
                      {ArgKind::f32, plan.constant(2)},
                      {ArgKind::i32, plan.constant(3)},
                      {ArgKind::buffer, middle}});
    plan.step(add, {{ArgKind::buffer, middle},
                    {ArgKind::buffer, plan.vector(weights, zero, length, one)},
                    {ArgKind::buffer, plan.vector(y, zero, length, one)}});
    return plan;
}

}  // namespace

TEST_CASE("A run computes the plan's steps") {
    Fixture fixture(scaled_plan());
    std::vector<float> x{10, 20, 30}, y(3);
    atrous_tensor in = tensor_of(x, {3}), out{};
    REQUIRE(network::output_shape(fixture.net, &in, &out) == ATROUS_OK);
    CHECK(out.rank == 1);
    CHECK(out.shape[0] == 3);
    CHECK(out.type == ATROUS_F32);
    out.data = y.data();
    SECTION("without a workspace") {
        CHECK(network::run(fixture.net, &in, &out, nullptr, 1) == ATROUS_OK);
    }
    SECTION("with a workspace full of rubbish, twice") {
        size_t bytes = 0;
        REQUIRE(network::workspace_size(fixture.net, &in, &bytes) == ATROUS_OK);
        std::vector<uint8_t> memory(bytes + 64, 0xa5);
        uint8_t* workspace = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
        CHECK(network::run(fixture.net, &in, &out, workspace, 1) == ATROUS_OK);
        y.assign(3, 0);
        CHECK(network::run(fixture.net, &in, &out, workspace, 3) == ATROUS_OK);
        CHECK(network::run(fixture.net, &in, &out, workspace + 4, 1) == ATROUS_BAD_WORKSPACE);
    }
    CHECK(y == std::vector<float>{123, 243, 363});
}

TEST_CASE("Wrong tensors give their codes") {
    Fixture fixture(scaled_plan());
    std::vector<float> x(20, 1), y(20);
    atrous_tensor in = tensor_of(x, {5}), out = tensor_of(y, {5});
    CHECK(network::run(fixture.net, &in, &out, nullptr, 1) == ATROUS_OK);
    const auto run_with = [&](auto change) {
        atrous_tensor changed_in = in, changed_out = out;
        change(changed_in, changed_out);
        return network::run(fixture.net, &changed_in, &changed_out, nullptr, 1);
    };
    CHECK(run_with([](auto& i, auto&) { i.rank = 2; }) == ATROUS_BAD_SHAPE);
    CHECK(run_with([](auto& i, auto&) { i.rank = -1; }) == ATROUS_BAD_SHAPE);
    CHECK(run_with([](auto& i, auto&) { i.shape[0] = 0; }) == ATROUS_BAD_SHAPE);
    CHECK(run_with([](auto& i, auto&) { i.shape[0] = -5; }) == ATROUS_BAD_SHAPE);
    CHECK(run_with([](auto& i, auto&) { i.shape[0] = int64_t(1) << 31; }) == ATROUS_TOO_LARGE);
    CHECK(run_with([](auto& i, auto&) { i.shape[0] = INT64_MAX; }) == ATROUS_TOO_LARGE);
    CHECK(run_with([](auto& i, auto&) { i.shape[0] = 17; }) == ATROUS_CONSTRAINT);
    CHECK(run_with([](auto& i, auto&) { i.type = ATROUS_F64; }) == ATROUS_BAD_TYPE);
    CHECK(run_with([](auto& i, auto&) { i.data = nullptr; }) == ATROUS_BAD_ARGUMENT);
    CHECK(run_with([](auto&, auto& o) { o.shape[0] = 6; }) == ATROUS_BAD_SHAPE);
    CHECK(run_with([](auto&, auto& o) { o.rank = 0; }) == ATROUS_BAD_SHAPE);
    CHECK(run_with([](auto&, auto& o) { o.type = ATROUS_I32; }) == ATROUS_BAD_TYPE);
    CHECK(run_with([](auto&, auto& o) { o.data = nullptr; }) == ATROUS_BAD_ARGUMENT);
    CHECK(network::run(nullptr, &in, &out, nullptr, 1) == ATROUS_BAD_ARGUMENT);
    CHECK(network::run(fixture.net, nullptr, &out, nullptr, 1) == ATROUS_BAD_ARGUMENT);
    CHECK(network::run(fixture.net, &in, nullptr, nullptr, 1) == ATROUS_BAD_ARGUMENT);
    CHECK(network::run(fixture.net, &in, &out, nullptr, -1) == ATROUS_BAD_ARGUMENT);
    CHECK(network::output_shape(fixture.net, nullptr, &out) == ATROUS_BAD_ARGUMENT);
    CHECK(network::workspace_size(fixture.net, &in, nullptr) == ATROUS_BAD_ARGUMENT);
}

TEST_CASE("Codes have texts") {
    Fixture fixture(scaled_plan());
    const auto text = [&](int code) { return std::string(network::message(fixture.parts, code)); };
    CHECK(text(ATROUS_OK) == "no error");
    CHECK(text(ATROUS_NO_MEMORY) == "there is not enough memory");
    CHECK(text(ATROUS_BAD_ARGUMENT) ==
          "an argument is a null pointer or negative, or the options are not of this library's size");
    CHECK(text(ATROUS_BAD_SHAPE) ==
          "a tensor's rank or size is not what this network declares, or the inputs are too small for it");
    CHECK(text(ATROUS_BAD_TYPE) == "a tensor's element type is not what this network declares");
    CHECK(
        text(ATROUS_NO_TARGET) ==
        "this CPU lacks the instruction sets that the library was compiled for, or the target asked for is not in it");
    CHECK(text(ATROUS_TOO_LARGE) ==
          "for these input sizes a tensor would have more than 2^31 - 1 elements, or exceed the address space");
    CHECK(text(ATROUS_KERNEL_FAILED) == "a kernel reported an error");
    CHECK(text(ATROUS_NO_DEVICE) == "the device asked for is not in this library");
    CHECK(text(ATROUS_DEVICE_ABSENT) == "the device cannot be used");
    CHECK(text(ATROUS_DEVICE_MEMORY) == "there is not enough memory on the device");
    CHECK(text(ATROUS_DEVICE_FAILED) == "the device reported an error");
    CHECK(text(ATROUS_BAD_WORKSPACE) == "the workspace is not aligned to 64 bytes");
    CHECK(text(ATROUS_BAD_PLAN) == "the library contradicts itself, which is a mistake in the compiler that made it");
    CHECK(text(ATROUS_CONSTRAINT) == "the length must be at most 16");
    CHECK(text(ATROUS_CONSTRAINT - 1) == "unknown error");
    CHECK(text(INT32_MIN) == "unknown error");
    CHECK(text(1) == "unknown error");
}

TEST_CASE("Opening chooses an instruction set") {
    Fixture fixture(scaled_plan());
    CHECK(fixture.net->level.target == std::string("good"));
    atrous_net* net = nullptr;
    atrous_options options{};
    options.bytes = sizeof options;
    const auto open = [&] { return network::open(fixture.parts, &options, &net); };
    options.target = "plain";
    REQUIRE(open() == ATROUS_OK);
    CHECK(net->level.target == std::string("plain"));
    network::close(net);
    options.target = "best";
    CHECK(open() == ATROUS_NO_TARGET);
    CHECK(net == nullptr);
    options.target = "other";
    CHECK(open() == ATROUS_NO_TARGET);
    options.target = nullptr;
    options.device = ATROUS_DEVICE_CUDA;
    CHECK(open() == ATROUS_NO_DEVICE);
    options.device = 9;
    CHECK(open() == ATROUS_BAD_ARGUMENT);
    options.device = ATROUS_DEVICE_CPU;
    options.threads = -1;
    CHECK(open() == ATROUS_BAD_ARGUMENT);
    options.threads = 0;
    options.bytes = 8;
    CHECK(open() == ATROUS_BAD_ARGUMENT);
    CHECK(network::open(fixture.parts, nullptr, nullptr) == ATROUS_BAD_ARGUMENT);
    network::close(nullptr);

    std::vector<uint64_t> damaged = fixture.blob;
    damaged[0] ^= 1;
    network::Level level = fixture.levels[1];
    level.plan = reinterpret_cast<const uint8_t*>(damaged.data());
    network::Parts parts = fixture.parts;
    parts.levels = &level;
    CHECK(network::open(parts, nullptr, &net) == ATROUS_BAD_PLAN);
}

TEST_CASE("Steps are skipped, and kernels may fail") {
    PlanWriter plan;
    const uint32_t length = plan.input_dim(0, 0), zero = plan.constant(0), one = plan.constant(1);
    const uint32_t x = plan.tensor(TensorKind::input, length, 0, 0, 0);
    const uint32_t y = plan.tensor(TensorKind::output, length, 0, 0, 0);
    plan.input({length});
    plan.output({length});
    const uint32_t from = plan.vector(x, zero, length, one), to = plan.vector(y, zero, length, one);
    plan.step(square, {{ArgKind::buffer, from}, {ArgKind::buffer, to}});
    plan.step(fail, {{ArgKind::buffer, to}}, plan.expression(ExprOp::less, length, plan.constant(4)));
    Fixture fixture(plan);
    std::vector<float> data{1, 2, 3, 4}, result(4);
    atrous_tensor in = tensor_of(data, {3}), out = tensor_of(result, {3});
    CHECK(network::run(fixture.net, &in, &out, nullptr, 1) == ATROUS_OK);
    CHECK(result == std::vector<float>{1, 4, 9, 0});
    in.shape[0] = out.shape[0] = 4;
    CHECK(network::run(fixture.net, &in, &out, nullptr, 1) == ATROUS_KERNEL_FAILED);
}

TEST_CASE("Threads share an opened network") {
    Fixture fixture(scaled_plan());
    std::vector<int> errors(8, 1);
    std::vector<std::vector<float>> results(8);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < errors.size(); ++t) {
        threads.emplace_back([&, t] {
            std::vector<float> x(t + 1, static_cast<float>(t)), y(t + 1);
            const atrous_tensor in = tensor_of(x, {static_cast<int64_t>(t + 1)});
            const atrous_tensor out = tensor_of(y, {static_cast<int64_t>(t + 1)});
            errors[t] = 0;
            for (int i = 0; i < 50; ++i) errors[t] |= network::run(fixture.net, &in, &out, nullptr, 1 + i % 3);
            results[t] = y;
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t t = 0; t < errors.size(); ++t) {
        CHECK(errors[t] == 0);
        for (size_t i = 0; i <= t; ++i)
            CHECK(results[t][i] == 2.0f * static_cast<float>(t) + 3 + fixture.weights[16 + i]);
    }
}

#if defined(__x86_64__)
TEST_CASE("The CPU's features are found") {
    const uint64_t found = network::cpu_features();
    const auto has = [&](uint64_t feature) { return (found & feature) != 0; };
    CHECK(has(network::cpu_sse41) == bool(__builtin_cpu_supports("sse4.1")));
    CHECK(has(network::cpu_avx) == bool(__builtin_cpu_supports("avx")));
    CHECK(has(network::cpu_fma) == bool(__builtin_cpu_supports("fma")));
    CHECK(has(network::cpu_avx2) == bool(__builtin_cpu_supports("avx2")));
    CHECK(has(network::cpu_avx512) == bool(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd")));
    CHECK(has(network::cpu_avx512_skylake) ==
          bool(__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq")));
    CHECK(has(network::cpu_avx512_zen4) ==
          bool(__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vbmi2") &&
               __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bitalg") &&
               __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512ifma")));
    CHECK(has(network::cpu_avx512_zen5) ==
          (has(network::cpu_avx512_zen4) && has(network::cpu_avxvnni) && bool(__builtin_cpu_supports("sse4a"))));
}
#endif

TEST_CASE("A network without inputs takes no array of them") {
    PlanWriter plan;
    const uint32_t four = plan.constant(4), zero = plan.constant(0), one = plan.constant(1);
    const uint32_t w = plan.tensor(TensorKind::weights, plan.constant(16), 0, 0, 0);
    const uint32_t y = plan.tensor(TensorKind::output, four, 0, 0, 0);
    plan.output({four});
    plan.step(square,
              {{ArgKind::buffer, plan.vector(w, zero, four, one)}, {ArgKind::buffer, plan.vector(y, zero, four, one)}});
    Fixture fixture(plan);
    atrous_tensor out{};
    REQUIRE(network::output_shape(fixture.net, nullptr, &out) == ATROUS_OK);
    std::vector<float> data(4);
    out.data = data.data();
    CHECK(network::run(fixture.net, nullptr, &out, nullptr, 1) == ATROUS_OK);
    CHECK(data == std::vector<float>{1, 4, 9, 16});
}
