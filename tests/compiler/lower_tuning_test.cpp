// Networks lowered by a tuning record: what it asks for is done, and computes the same.
#include <catch2/catch.hpp>
#include <set>

#include "compiler/tuning/candidates.h"
#include "compiler/tuning/tuning_record.h"
#include "runtime/error.h"
#include "schedules/registry.h"
#include "tests/compiler/lower_network.h"

namespace atrous::test {
namespace {

using Algorithm = OperatorTuning::Algorithm;

const std::string target = "x86-64-linux-avx2-f16c-fma-sse41";
constexpr int height = 12, width = 10;

// A 3×3 convolution; then a depthwise one, and one of one pixel that reads it row by row.
Network network() {
    NetworkMaker make;
    const ValueId x = make.input("x", {1, 16, 0, 0});
    const ValueId a = make.unary(ElementwiseFunction::relu, make.conv(x, 32, window(3, 1, 2, 2)));
    const ValueId b = make.conv(a, 32, window(3, 1, 1, 1, 32));
    make.output(make.conv(b, 16, window(1)));
    return make.network;
}

LoweredNetwork lower_with(const Network& network, const TuningRecord& record) {
    LowerOptions options{{target}, height, width};
    options.tuning = &record;
    return lower(network, options);
}

TuningRecord record_of(const OperatorKey& key, const OperatorTuning& tuning) {
    TuningRecord record({target, "any", halide_version(), 1});
    record.set({key, tuning, {}, {}, {}});
    return record;
}

std::vector<OperatorRow> untuned() {
    const auto operators = lower(network(), {{target}, height, width}).operators;
    REQUIRE(operators.size() == 3);
    return operators;
}

// How operator o is scheduled with a tuning, which must not change what is computed.
std::string schedule_with(size_t o, const OperatorTuning& tuning) {
    const LoweredNetwork lowered = lower_with(network(), record_of(untuned()[o].tunable->key, tuning));
    require_right(lowered, network(), {{1, 16, height, width}});
    require_right(lowered, network(), {{1, 16, 5, 7}});
    return lowered.operators[o].schedule;
}

OperatorTuning winograd(std::array<int, 2> outputs, std::array<int, 2> tiles, int blocks = 0) {
    OperatorTuning tuning;
    tuning.algorithm = Algorithm::winograd;
    tuning.outputs = outputs;
    if (blocks == 0) tuning.tiles = tiles;
    tuning.blocks = blocks;
    return tuning;
}

OperatorTuning direct() {
    OperatorTuning tuning;
    tuning.algorithm = Algorithm::direct;
    return tuning;
}

OperatorTuning by_rows(bool wanted) {
    OperatorTuning tuning;
    tuning.by_rows = wanted;
    return tuning;
}

// The names of kernels beside the direct convolution's register tile.
bool has_tile(const LoweredNetwork& lowered, const std::string& tile) {
    return std::ranges::any_of(lowered.kernels, [&](const LoweredKernel& kernel) {
        return std::holds_alternative<ConvSpec>(kernel.spec) &&
               kernel_name(kernel.spec, kernel.hint, target).find(tile) != std::string::npos;
    });
}

TEST_CASE("a record decides between Winograd and a direct convolution") {
    CHECK(schedule_with(0, direct()).find("winograd") == std::string::npos);
    CHECK(schedule_with(0, winograd({2, 2}, {1, 4})) == "winograd F(2x2,3x3), 1x4 tiles");
    CHECK(schedule_with(0, winograd({4, 3}, {2, 4})) == "winograd F(4x3,3x3), 2x4 tiles");
    CHECK(schedule_with(0, winograd({4, 4}, {1, 1}, 1)) == "winograd F(4x4,3x3), 16 channels");
}

TEST_CASE("a record decides about loops over rows") {
    CHECK(schedule_with(1, by_rows(true)).ends_with(", by rows"));
    CHECK_FALSE(schedule_with(1, by_rows(false)).ends_with(", by rows"));
}

TEST_CASE("a record decides how many rows an iteration of a loop makes") {
    const OperatorKey key = untuned()[1].tunable->key;
    OperatorTuning tuning = by_rows(true);
    std::set<std::string> plans;
    for (tuning.rows = 1; tuning.rows <= 4; ++tuning.rows) {
        CHECK(schedule_with(1, tuning).ends_with(", by rows"));
        const auto plan = lower_with(network(), record_of(key, tuning)).plan;
        plans.emplace(plan.begin(), plan.end());
    }
    CHECK(plans.size() == 4);
}

TEST_CASE("a record decides about register tiles") {
    OperatorTuning tuning = direct();
    tuning.kernel.tile_x = 4;
    tuning.kernel.tile_blocks = 1;
    const OperatorKey key = untuned()[0].tunable->key;
    CHECK(has_tile(lower_with(network(), record_of(key, tuning)), "_t4x1"));
    CHECK_FALSE(has_tile(lower_with(network(), record_of(key, direct())), "_t4x1"));
    tuning.kernel.unroll = 4;
    CHECK(has_tile(lower_with(network(), record_of(key, tuning)), "_t4x1ru4"));
}

// Some of what may be tried for an operator, from all over the list. Register tiles make no difference here.
std::vector<OperatorTuning> some_of(const OperatorRow& row) {
    std::vector<OperatorTuning> tunings;
    for (const Candidate& candidate : candidates_of(row.tunable.value(), target))
        if (candidate.kernel.empty()) tunings.push_back(candidate.tuning);
    std::vector<OperatorTuning> some;
    for (size_t i = 0; i < tunings.size(); i += 1 + tunings.size() / 6) some.push_back(tunings[i]);
    return some;
}

TEST_CASE("ways to compute an operator that are tried are right") {
    for (const OperatorRow& row : untuned()) {
        for (const OperatorTuning& tuning : some_of(row)) {
            INFO(row.tunable->key.name() << ": " << tuning.text());
            require_right(lower_with(network(), record_of(row.tunable->key, tuning)), network(),
                          {{1, 16, height, width}});
        }
    }
}

TEST_CASE("ways to compute the phases of a transposed convolution are right") {
    NetworkMaker make;
    make.output(make.transposed(make.input("x", {1, 16, 0, 0}), 16, transposed_window(6, 2, 1, 2, 0)));
    const auto operators = lower(make.network, {{target}, height, width}).operators;
    for (const OperatorTuning& tuning : some_of(operators.at(0))) {
        INFO(tuning.text());
        const auto record = record_of(operators[0].tunable->key, tuning);
        require_right(lower_with(make.network, record), make.network, {{1, 16, 7, 9}});
    }
}

TEST_CASE("the same record gives the same plan and kernels") {
    const TuningRecord record = record_of(untuned()[0].tunable->key, winograd({3, 3}, {2, 3}));
    const LoweredNetwork first = lower_with(network(), record), second = lower_with(network(), record);
    CHECK(first.plan == second.plan);
    CHECK(kernel_names(first) == kernel_names(second));
    CHECK(first.plan != lower(network(), {{target}, height, width}).plan);
    const LoweredNetwork nothing_known = lower_with(network(), record_of({"other", {1, 1, 1, 1}}, direct()));
    CHECK(nothing_known.plan == lower(network(), {{target}, height, width}).plan);
}

TEST_CASE("a record that asks for what cannot be done is refused") {
    const OperatorKey key = untuned()[0].tunable->key;
    OperatorTuning tuning = direct();
    tuning.kernel.tile_x = 1000;
    CHECK_THROWS_WITH(lower_with(network(), record_of(key, tuning)),
                      "the tuning record: the entry for " + key.name() + " asks for what its schedule cannot do" +
                          ": direct, tile_x 1000; make it anew with `atrous tune`");
    CHECK_THROWS_AS(lower_with(network(), record_of(untuned()[2].tunable->key, winograd({2, 2}, {1, 1}))), Error);
}

}  // namespace
}  // namespace atrous::test
