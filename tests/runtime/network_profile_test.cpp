// Timed runs: to which operator time goes.
#include <time.h>

#include <numeric>

#include "network_fixture.h"

using namespace atrous;
using namespace atrous::plan;

namespace {

// milliseconds, output: sleeps, whatever the machine is busy with
int sleep_kernel(void** args) {
    const timespec time{0, long{*static_cast<int32_t*>(args[1])} * 1000000};
    nanosleep(&time, nullptr);
    return 0;
}
constexpr network::Kernel kernels[] = {sleep_kernel, failing_kernel};

struct SleepPlan : PlanWriter {
    uint32_t one = constant(1), y = tensor(TensorKind::output, one, 0, 0, 0), out = vector(y, constant(0), one, one);
    SleepPlan() {
        input({one});
        output({one});
    }
    void sleep(double milliseconds, uint32_t skip = none) {
        step(0, {{ArgKind::i32, constant(milliseconds)}, {ArgKind::buffer, out}}, skip);
    }
};

// A network that takes and gives one float.
struct TimedNetwork {
    explicit TimedNetwork(const PlanWriter& plan) : fixture(plan, kernels) {}
    int run(std::vector<double>& seconds, int threads = 1) {
        network::Stopwatch watch;
        watch.start();
        const atrous_tensor in = tensor_of(x, {1}), out = tensor_of(y, {1});
        const int code = network::run_timed(fixture.net, &in, &out, nullptr, threads, seconds.data(), seconds.size());
        wall = watch.lap();
        return code;
    }
    Fixture fixture;
    std::vector<float> x = std::vector<float>(1), y = x;
    double wall = 0;
};

double sum(const std::vector<double>& seconds) {
    return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

}  // namespace

TEST_CASE("Steps add their time to their operators") {
    SleepPlan plan;
    plan.sleep(4);
    plan.sleep(3);
    plan.add_operator("seven");
    plan.add_operator("nothing");
    plan.sleep(6);
    plan.sleep(500, plan.one);
    plan.add_operator("six");
    plan.sleep(5);  // of none
    TimedNetwork network(plan);
    std::vector<double> seconds(3);
    REQUIRE(network.run(seconds) == ATROUS_OK);
    CHECK(seconds[0] >= 0.007);
    CHECK(seconds[1] == 0);
    CHECK(seconds[2] >= 0.006);
    CHECK(sum(seconds) <= network.wall - 0.005);
    REQUIRE(network.run(seconds) == ATROUS_OK);
    CHECK(seconds[0] >= 0.014);
    CHECK(seconds[2] >= 0.012);
}

TEST_CASE("A loop's time is shared among its operators as its steps took theirs, for any number of threads") {
    SleepPlan plan;
    plan.sleep(1);
    plan.add_operator("short");
    plan.sleep(4);
    plan.add_operator("long");
    plan.sleep(500, plan.one);
    plan.add_operator("skipped");
    plan.loop(3, plan.constant(8));
    TimedNetwork network(plan);
    for (const int threads : {1, 3, 8}) {
        CAPTURE(threads);
        std::vector<double> seconds(3);
        REQUIRE(network.run(seconds, threads) == ATROUS_OK);
        CHECK(seconds[1] >= 0.004);
        CHECK(seconds[0] > 0);
        CHECK(seconds[1] > seconds[0]);
        CHECK(seconds[2] == 0);
        CHECK(sum(seconds) <= network.wall);
        CHECK(sum(seconds) >= 0.005 * 8 / threads);
    }
    plan.loops[0].iterations = plan.constant(0);
    std::vector<double> seconds(3);
    CHECK(TimedNetwork(plan).run(seconds) == ATROUS_OK);
    CHECK(sum(seconds) < 0.02);
}

TEST_CASE("No more seconds are written than the caller or the plan has") {
    SleepPlan plan;
    plan.sleep(1);
    plan.add_operator("first");
    plan.sleep(1);
    plan.add_operator("second");
    plan.sleep(1);  // of none
    TimedNetwork network(plan);
    std::vector<double> none, one(1), three(3);
    CHECK(network.run(none) == ATROUS_OK);
    CHECK(network.run(one) == ATROUS_OK);
    CHECK(one[0] >= 0.001);
    CHECK(network.run(three) == ATROUS_OK);
    CHECK(three[1] >= 0.001);
    CHECK(three[2] == 0);
    const atrous_tensor in = tensor_of(network.x, {1}), out = tensor_of(network.y, {1});
    const atrous_net* net = network.fixture.net;
    CHECK(network::run_timed(net, &in, &out, nullptr, 1, nullptr, 0) == ATROUS_OK);
    CHECK(network::run_timed(net, &in, &out, nullptr, 1, nullptr, 1) == ATROUS_BAD_ARGUMENT);
    CHECK(network::run_timed(nullptr, &in, &out, nullptr, 1, one.data(), 1) == ATROUS_BAD_ARGUMENT);
}

TEST_CASE("A timed run ends with its first error, too") {
    for (const bool in_loop : {false, true}) {
        SleepPlan plan;
        plan.sleep(2);
        plan.step(1, {{ArgKind::buffer, plan.out}});
        plan.add_operator("fails");
        if (in_loop) plan.loop(2, plan.constant(3));
        TimedNetwork network(plan);
        std::vector<double> seconds(1);
        CHECK(network.run(seconds) == ATROUS_KERNEL_FAILED);
        CHECK(seconds[0] >= 0.002);
    }
}

TEST_CASE("Operators have names") {
    SleepPlan plan;
    plan.add_operator("Conv_0 + Relu_1");
    plan.add_operator("");
    const Fixture fixture(plan, kernels);
    CHECK(network::operator_count(fixture.net) == 2);
    CHECK(network::operator_name(fixture.net, 0) == std::string("Conv_0 + Relu_1"));
    CHECK(network::operator_name(fixture.net, 1) == std::string());
    CHECK(network::operator_name(fixture.net, 2) == nullptr);
    CHECK(network::operator_count(nullptr) == 0);
    CHECK(network::operator_name(nullptr, 0) == nullptr);
}

TEST_CASE("Plans whose operators contradict themselves are refused") {
    const auto open_changed = [](auto change) {
        SleepPlan plan;
        plan.sleep(0);
        plan.add_operator("one");
        change(plan);
        const std::vector<uint64_t> blob = plan.blob();
        return PlanView(reinterpret_cast<const uint8_t*>(blob.data())).is_valid();
    };
    CHECK(open_changed([](SleepPlan&) {}));
    CHECK(open_changed([](SleepPlan& p) { p.steps[0].operator_index = none; }));
    CHECK_FALSE(open_changed([](SleepPlan& p) { p.steps[0].operator_index = 1; }));
    CHECK_FALSE(open_changed([](SleepPlan& p) { p.operators.clear(); }));
    CHECK_FALSE(open_changed([](SleepPlan& p) { p.operators[0].name = static_cast<uint32_t>(p.strings.size()); }));
    CHECK_FALSE(open_changed([](SleepPlan& p) { p.strings.back() = 'e'; }));
    CHECK_FALSE(open_changed([](SleepPlan& p) { p.strings.clear(); }));
}
