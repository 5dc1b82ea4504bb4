// Prepared tensors: filled when a network is opened, read by its runs.
#include <atomic>
#include <thread>

#include "network_fixture.h"

using namespace atrous;
using namespace atrous::plan;

namespace {

std::atomic<int> calls{0};

// input, output: twice the input, counted
int counted_kernel(void** args) {
    ++calls;
    halide_buffer_t &in = buffer_at(args, 1), &out = buffer_at(args, 2);
    for (int i = 0; i < out.dim[0].extent; ++i) element(out, i) = 2 * element(in, i);
    return 0;
}

constexpr network::Kernel kernels[] = {scale_kernel, add_kernel, failing_kernel, square_kernel, counted_kernel};
constexpr uint32_t counted = 4;

// first = 2·weights, second = first², both prepared; y = x + second.
struct PreparedPlan : PlanWriter {
    uint32_t length = input_dim(0, 0), zero = constant(0), one = constant(1), size = constant(16);
    uint32_t x = tensor(TensorKind::input, length, 0, 2, 2);
    uint32_t weights = tensor(TensorKind::weights, size, 0, 0, 0);
    uint32_t first = tensor(TensorKind::prepared, size, 0, 0, 1);
    uint32_t second = tensor(TensorKind::prepared, size, 0, 1, 1);
    uint32_t y = tensor(TensorKind::output, length, 0, 2, 2);
    PreparedPlan() {
        input({length});
        output({length});
        prepare_count = 2;
        step(counted, {whole(weights), whole(first)});
        step(square, {whole(first), whole(second)});
        step(add, {part(x), part(second), part(y)});
    }
    Arg whole(uint32_t tensor) { return {ArgKind::buffer, vector(tensor, zero, size, one)}; }
    Arg part(uint32_t tensor) { return {ArgKind::buffer, vector(tensor, zero, length, one)}; }
    Arg& arg(size_t step, uint32_t index) { return args[steps[step].first_arg + index]; }
};

int open_code(const PlanWriter& plan, int threads = 1) {
    const std::vector<uint64_t> blob = plan.blob();
    alignas(64) const float weights[32] = {};
    const network::Level level{"plain", 0, kernels};
    const network::Parts parts{reinterpret_cast<const uint8_t*>(blob.data()), reinterpret_cast<const uint8_t*>(weights),
                               "{}", &level, 1};
    atrous_options options{};
    options.bytes = sizeof options;
    options.threads = threads;
    atrous_net* net = nullptr;
    const int code = network::open(parts, &options, &net);
    CHECK((net != nullptr) == (code == ATROUS_OK));
    network::close(net);
    return code;
}

template <typename Change>
int open_changed(Change change) {
    PreparedPlan plan;
    change(plan);
    return open_code(plan);
}

}  // namespace

TEST_CASE("Prepared tensors are filled once, and runs at the same time read them") {
    calls = 0;
    Fixture fixture(PreparedPlan(), kernels);
    CHECK(calls == 1);
    const auto sum = [&](size_t length, int threads) {
        std::vector<float> x(length, 1), y(length);
        const auto size = static_cast<int64_t>(length);
        const atrous_tensor in = tensor_of(x, {size}), out = tensor_of(y, {size});
        return network::run(fixture.net, &in, &out, nullptr, threads) == ATROUS_OK ? y : std::vector<float>();
    };
    CHECK(sum(3, 1) == std::vector<float>{1 + 4, 1 + 16, 1 + 36});
    std::vector<std::vector<float>> results(4);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < results.size(); ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 20; ++i) results[t] = sum(t + 1, 1 + i % 3);
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t t = 0; t < results.size(); ++t) {
        REQUIRE(results[t].size() == t + 1);
        for (size_t i = 0; i <= t; ++i) CHECK(results[t][i] == 1 + 4 * fixture.weights[i] * fixture.weights[i]);
    }
    CHECK(calls == 1);
}

TEST_CASE("Any number of threads prepares") {
    for (int threads : {0, 1, 3}) CHECK(open_code(PreparedPlan(), threads) == ATROUS_OK);
}

TEST_CASE("Large prepared tensors lie in huge pages") {
    PlanWriter plan;
    const uint32_t zero = plan.constant(0), one = plan.constant(1), many = plan.constant(2000000),
                   last = plan.constant(1999999);
    const uint32_t w = plan.tensor(TensorKind::weights, plan.constant(16), 0, 0, 0);
    const uint32_t p = plan.tensor(TensorKind::prepared, many, 0, 0, 0);
    const uint32_t y = plan.tensor(TensorKind::output, one, 0, 1, 1);
    plan.output({one});
    plan.prepare_count = 1;
    plan.step(counted,
              {{ArgKind::buffer, plan.vector(w, one, many, zero)}, {ArgKind::buffer, plan.vector(p, zero, many, one)}});
    plan.step(counted,
              {{ArgKind::buffer, plan.vector(p, last, one, one)}, {ArgKind::buffer, plan.vector(y, zero, one, one)}});
    Fixture fixture(plan, kernels);
    CHECK(reinterpret_cast<uintptr_t>(fixture.net->prepared) % (2 << 20) == 0);
    std::vector<float> result(1);
    const atrous_tensor out = tensor_of(result, {1});
    CHECK(network::run(fixture.net, nullptr, &out, nullptr, 1) == ATROUS_OK);
    CHECK(result[0] == 8);
}

TEST_CASE("A network without preparing steps holds no memory for them") {
    PlanWriter plan;
    plan.output({plan.constant(1)});
    Fixture fixture(plan, kernels);
    CHECK(fixture.net->prepared == nullptr);
}

TEST_CASE("Opening fails where preparing does") {
    CHECK(open_changed([](PreparedPlan&) {}) == ATROUS_OK);
    CHECK(open_changed([](PreparedPlan& p) { p.steps[1].kernel = fail; }) == ATROUS_KERNEL_FAILED);
    CHECK(open_changed([](PreparedPlan& p) { p.steps[1] = p.steps[0], p.steps[1].kernel = fail; }) ==
          ATROUS_KERNEL_FAILED);
    CHECK(open_changed([](PreparedPlan& p) { p.steps[0].skip = p.one, p.steps[0].kernel = fail; }) == ATROUS_OK);
}

TEST_CASE("Preparing steps touch weights and prepared tensors only, and write the latter") {
    const auto with_tensor = [](uint32_t arg, TensorKind kind) {
        return open_changed([&](PreparedPlan& p) {
            const uint32_t tensor = p.tensor(kind, p.size, 0, 0, 2);
            p.arg(0, arg) = p.whole(tensor);
        });
    };
    for (const TensorKind kind : {TensorKind::input, TensorKind::output, TensorKind::arena, TensorKind::scratch}) {
        CHECK(with_tensor(0, kind) == ATROUS_BAD_PLAN);
        CHECK(with_tensor(1, kind) == ATROUS_BAD_PLAN);
    }
    CHECK(with_tensor(0, TensorKind::weights) == ATROUS_OK);
    CHECK(with_tensor(1, TensorKind::weights) == ATROUS_BAD_PLAN);
    CHECK(with_tensor(1, TensorKind::prepared) == ATROUS_OK);
    CHECK(open_changed([](PreparedPlan& p) { p.steps[0].arg_count = 0; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.arg(0, 1) = {ArgKind::i32, p.one}; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.arg(0, 1).kind = ArgKind::iteration; }) == ATROUS_BAD_PLAN);
}

TEST_CASE("What preparing steps leave empty is not read, and what they fill not written") {
    CHECK(open_changed([](PreparedPlan& p) { p.prepare_count = 0; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.prepare_count = 4; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.tensors[p.second].first_step = 2; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.arg(2, 2) = p.part(p.second); }) == ATROUS_BAD_PLAN);
}

TEST_CASE("Indexes out of range are a bad plan") {
    CHECK(open_changed([](PreparedPlan& p) { p.arg(0, 0).index = 1000; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.buffers[0].tensor = 1000; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.tensors[p.first].size = none; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.steps[2].first_arg = 1000; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.steps[2].arg_count = 1000; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.tensors[0].kind = TensorKind(6); }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.arg(2, 0).kind = ArgKind(4); }) == ATROUS_BAD_PLAN);
}

TEST_CASE("Preparing depends on no input") {
    CHECK(open_changed([](PreparedPlan& p) { p.tensors[p.second].size = p.length; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.steps[0].skip = p.length; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.arg(0, 0) = p.part(p.weights); }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) {
              const uint32_t smallest = p.expression(ExprOp::min, p.one, p.length);
              p.arg(0, 0) = {ArgKind::buffer, p.vector(p.weights, p.zero, smallest, p.one)};
          }) == ATROUS_BAD_PLAN);
    for (const ArgKind kind : {ArgKind::i32, ArgKind::f32}) {
        CHECK(open_changed([&](PreparedPlan& p) {
                  const Arg in = p.arg(0, 0), out = p.arg(0, 1);
                  const uint32_t half = p.expression(ExprOp::select, p.length, p.one, p.zero);
                  p.steps[0].kernel = scale;
                  p.steps[0].first_arg = static_cast<uint32_t>(p.args.size());
                  p.steps[0].arg_count = 4;
                  const Arg number{kind, half};
                  p.args.insert(p.args.end(), {in, number, number, out});
              }) == ATROUS_BAD_PLAN);
    }
    CHECK(open_changed([](PreparedPlan& p) { p.tensors[p.first].size = p.expression(ExprOp::neg, p.one); }) ==
          ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.tensors[p.first].size = p.zero; }) == ATROUS_BAD_PLAN);
    CHECK(open_changed([](PreparedPlan& p) { p.tensors[p.first].size = p.constant(1.5); }) == ATROUS_BAD_PLAN);
}

TEST_CASE("Prepared tensors beyond 32 bits and beyond memory are refused") {
    CHECK(open_changed([](PreparedPlan& p) { p.tensors[p.first].size = p.constant(2147483648.0); }) ==
          ATROUS_TOO_LARGE);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    WARN("SKIP: the sanitizer ends a program that asks for too much memory");
#else
    CHECK(open_changed([](PreparedPlan& p) {
              const uint32_t huge = p.constant(2147483647.0);
              for (int i = 0; i < 20000; ++i) p.tensor(TensorKind::prepared, huge, 0, 0, 0);
          }) == ATROUS_NO_MEMORY);
#endif
}
