// What a tuner may try, what it expects of that, and how it judges what it has measured.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "compiler/tuning/candidates.h"
#include "compiler/tuning/choice.h"
#include "compiler/tuning/comparison.h"
#include "compiler/tuning/cost_model.h"
#include "schedules/registry.h"
#include "tests/compiler/lower_network.h"

namespace atrous::test {
namespace {

const std::vector<std::string> targets{"x86-64-linux-avx2-fma", "x86-64-linux-avx512_skylake", "arm-64-linux"};

// The only operator of the network, lowered for inputs of 12×20.
std::optional<TunableOperator> tunable_of(const NetworkMaker& make, const std::string& target) {
    const LoweredNetwork lowered = lower(make.network, {{canonical_target(target)}, 12, 20});
    REQUIRE(lowered.operators.size() == 1);
    return lowered.operators[0].tunable;
}

std::optional<TunableOperator> conv_of(int64_t in, int64_t out, const ConvOp& op, const std::string& target) {
    NetworkMaker make;
    make.output(make.conv(make.input("x", {1, in, 0, 0}), out, op));
    return tunable_of(make, target);
}

// All of what may be tried, which must be possible.
std::vector<Candidate> checked(const std::optional<TunableOperator>& op, const std::string& target) {
    REQUIRE(op);
    const std::string canonical = canonical_target(target);
    const std::vector<Candidate> candidates = candidates_of(*op, canonical);
    REQUIRE_FALSE(candidates.empty());
    CHECK(candidates.front().tuning.is_open());
    std::set<std::string> texts;
    for (const Candidate& candidate : candidates) texts.insert(candidate.tuning.text());
    CHECK(texts.size() == candidates.size());
    CHECK(std::ranges::all_of(candidates, [](const Candidate& c) { return c.cost > 0 && std::isfinite(c.cost); }));
    // Some of them: it takes its time.
    for (size_t i = 0; i < candidates.size(); i += 1 + candidates.size() / 50) {
        CAPTURE(op->key.name(), target, candidates[i].tuning.text());
        CHECK(is_legal(candidates[i].tuning, op->parts, canonical));
    }
    return candidates;
}

size_t count_of(const std::vector<Candidate>& candidates, OperatorTuning::Algorithm algorithm) {
    return static_cast<size_t>(
        std::ranges::count(candidates, algorithm, [](const Candidate& c) { return c.tuning.algorithm; }));
}

using Algorithm = OperatorTuning::Algorithm;

TEST_CASE("candidates for 3x3 convolutions are Winograd's and direct ones") {
    const std::string target = GENERATE(from_range(targets));
    for (const int64_t rate : {1, 3}) {
        for (const auto& [in, out] : {std::pair<int64_t, int64_t>{16, 16}, {24, 100}}) {
            const auto candidates = checked(conv_of(in, out, window(3, 1, rate, rate), target), target);
            CHECK(count_of(candidates, Algorithm::winograd) > 1);
            CHECK(count_of(candidates, Algorithm::direct) > 0);
        }
    }
}

TEST_CASE("candidates where there is no Winograd") {
    const std::string target = GENERATE(from_range(targets));
    const ConvOp op = GENERATE(window(1), window(3, 2, 1, 1), window(3, 1, 1, 1, 32), window(5, 1, 2, 4, 32));
    const auto candidates = checked(conv_of(32, 32, op, target), target);
    CHECK(candidates.size() > 1);
    CHECK(count_of(candidates, Algorithm::winograd) == 0);
}

TEST_CASE("candidates for transposed convolutions are for all their phases") {
    const std::string target = GENERATE(from_range(targets));
    const auto [kernel, stride, groups] =
        GENERATE(table<int64_t, int64_t, int64_t>({{2, 2, 1}, {4, 2, 1}, {6, 2, 1}, {3, 1, 1}, {4, 2, 32}}));
    NetworkMaker make;
    make.output(
        make.transposed(make.input("x", {2, 32, 0, 0}), 32, transposed_window(kernel, stride, 1, 1, 0, groups)));
    const auto op = tunable_of(make, target);
    CHECK(checked(op, target).size() > 1);
    CHECK(op->parts.size() == static_cast<size_t>(stride * stride));
}

TEST_CASE("convolutions to a few channels cannot be tuned, nor all phases at once, nor other operators") {
    CHECK_FALSE(conv_of(16, 1, window(3, 1, 1, 1), targets[0]));
    NetworkMaker phased;
    phased.output(phased.transposed(phased.input("x", {1, 16, 0, 0}), 16, transposed_window(2, 2, 1, 0, 0)));
    CHECK_FALSE(tunable_of(phased, targets[0]));
    NetworkMaker make;
    make.output(make.unary(ElementwiseFunction::exp, make.input("x", {1, 16, 0, 0})));
    CHECK_FALSE(tunable_of(make, targets[0]));
}

TEST_CASE("operators have equal keys where only weights differ") {
    const auto key = [](int64_t in, const ConvOp& op) { return conv_of(in, 20, op, targets[0])->key; };
    CHECK(key(16, window(3, 1, 2, 1)).name() == "Conv 3x3, rate 2x2, pad 1,1,1,1, 16 -> 20, of 1x16x12x20");
    CHECK(key(40, window(1, 2, 1, 0, 4)).name() == "Conv 1x1, stride 2x2, groups 4, 40 -> 20, of 1x40x12x20");
    NetworkMaker make;
    ValueId x = make.input("x", {1, 16, 0, 0});
    for (int i = 0; i < 2; ++i) x = make.unary(ElementwiseFunction::relu, make.conv(x, 16, window(3, 1, 1, 1)));
    make.output(x);
    const auto operators = lower(make.network, {{canonical_target(targets[0])}}).operators;
    REQUIRE(operators.size() == 2);
    CHECK(operators[0].tunable->key == operators[1].tunable->key);
    CHECK(operators[0].tunable->key.text == "Conv 3x3, pad 1,1,1,1, 16 -> 16, relu");
}

Candidate candidate(const std::string& family, const std::string& kernel, double cost = 1) {
    return {{}, cost, "a way", family, kernel};
}

TEST_CASE("what is measured is expected from then on, of other operators too") {
    const std::map<std::string, double> truth{{"a", 1}, {"b", 0.5}, {"c", 1.6}, {"k", 1}, {"l", 1.3}, {"m", 0.8}};
    std::vector<Candidate> all;
    for (const char* family : {"a", "b", "c"})
        for (const char* kernel : {"k", "l", "m"}) all.push_back(candidate(family, kernel, 1 + 0.1 * all.size()));
    const auto ratio_of = [&](const Candidate& c) {
        return c.cost / all[0].cost * truth.at(c.family) * truth.at(c.kernel);
    };
    CostModel model;
    CHECK(model.ratio("op", all[4], all[0]) == all[4].cost / all[0].cost);
    CHECK_FALSE(model.knows(all[4]));
    for (int pass = 0; pass < 30; ++pass)
        for (const Candidate& c : all) model.learn("op", c, all[0], ratio_of(c));
    for (const Candidate& c : all) CHECK(model.ratio("op", c, all[0]) == Approx(ratio_of(c)).epsilon(0.02));
    CHECK(model.knows(all[4]));
    CHECK_FALSE(model.knows(candidate("b", "unseen")));

    // Half of each error is put down to what operators have in common.
    for (const Candidate& c : all) {
        const double error = std::abs(std::log(model.ratio("other", c, all[0]) / ratio_of(c)));
        CHECK(error <= 0.6 * std::abs(std::log(ratio_of(c) * all[0].cost / c.cost)) + 1e-9);
    }
}

TEST_CASE("what cannot be told apart teaches nothing") {
    CostModel model;
    model.learn("op", candidate("a", "k"), candidate("a", "k"), 3);
    CHECK(model.ratio("op", candidate("a", "k"), candidate("b", "l")) == 1);
}

// What a search tries of an operator, four at a time; how long a candidate takes depends on nothing else.
std::vector<std::string> tried_with(uint64_t seed, const std::vector<Candidate>& candidates, double slowness = 0.1) {
    SearchedOperator op{candidates, candidates.front()};
    CostModel model;
    std::mt19937_64 random(seed);
    std::vector<std::string> all;
    for (int generation = 0; generation < 4; ++generation) {
        const std::vector<Candidate> chosen = choose_candidates("op", op, model, 4, random);
        CHECK(chosen.size() == 4);
        for (const Candidate& candidate : chosen) {
            const std::string text = candidate.tuning.text();
            CHECK(op.tried.emplace(text, 1 + slowness * static_cast<double>(text.size() % 7)).second);
            model.learn("op", candidate, candidates.front(), *op.tried.at(text));
            all.push_back(text);
        }
    }
    return all;
}

TEST_CASE("what is tried depends on the seed and on what was measured, and on nothing else") {
    const std::string target = GENERATE(from_range(targets));
    const auto candidates =
        candidates_of(conv_of(64, 64, window(3, 1, 2, 2), target).value(), canonical_target(target));
    REQUIRE(candidates.size() > 16);
    const std::vector<std::string> tried = tried_with(1, candidates);
    CHECK(tried_with(1, candidates) == tried);
    CHECK(tried_with(2, candidates) != tried);
    CHECK(tried_with(1, candidates, 0.2) != tried);
}

TEST_CASE("every way to compute an operator is tried, and what was hopeless is not") {
    std::vector<Candidate> candidates{candidate("default", "", 1), candidate("a", "", 1.9), candidate("b", "", 0.9),
                                      candidate("b", "k", 0.5), candidate("c", "", 2.5)};
    for (Candidate& c : candidates) c.way = c.family;
    for (size_t i = 1; i < candidates.size(); ++i) candidates[i].tuning.kernel.tile_x = static_cast<int>(i);
    SearchedOperator op{candidates, candidates.front()};
    std::mt19937_64 random(0);
    const auto chosen = [&](size_t count) {
        std::vector<std::string> names;
        for (const Candidate& c : choose_candidates("op", op, {}, count, random)) names.push_back(c.family + c.kernel);
        return names;
    };
    CHECK(chosen(3) == std::vector<std::string>{"b", "a", "bk"});
    CHECK(chosen(9).size() == 3);
    op.tried[candidates[2].tuning.text()] = std::nullopt;  // it failed, and so it is not tried again
    CHECK(chosen(9) == std::vector<std::string>{"a", "bk"});
    CHECK(chosen(0).empty());
}

TEST_CASE("networks are compared round by round") {
    const OperatorKey a{"a", {1}}, b{"b", {1}};
    const RoundTimes slow{{10, 20, 40}, {{a, {4, 8, 16}}, {b, {2, 4, 8}}}};
    const RoundTimes fast{{5, 8, 20}, {{a, {4, 8, 16}}, {b, {1, 1, 4}}}};
    CHECK(network_ratio(fast, slow).median == 0.5);  // of 5/10, 8/20, 20/40
    CHECK(network_ratio(fast, slow).quartile_1 == 0.4);
    CHECK(ratio(fast, slow, {a}).median == 1);
    CHECK(ratio(fast, slow, {b}).median == 0.5);
    CHECK(ratio(slow, fast, {b}).median == 2);
    CHECK(ratio(fast, slow, {a, b}).median == Approx(5.0 / 6));
    const RoundTimes none{{0}, {{a, {0}}}};
    CHECK(ratio(none, none, {a}).median == 1);  // below what a clock tells
}

TEST_CASE("faster and slower are more than noise") {
    const auto times = [](double quartile_1, double median, double quartile_3) {
        return Times{median, quartile_1, quartile_3};
    };
    CHECK(is_faster(times(0.8, 0.9, 0.99)));
    CHECK_FALSE(is_faster(times(0.8, 0.9, 1.01)));    // too often not
    CHECK_FALSE(is_faster(times(0.98, 0.99, 0.99)));  // too little
    CHECK(is_slower(times(1.01, 1.1, 1.2)));
    CHECK_FALSE(is_slower(times(0.99, 1.1, 1.2)));
    CHECK_FALSE(is_slower(times(1.005, 1.01, 1.2)));
    CHECK_FALSE(is_faster(times(1, 1, 1)));
    CHECK_FALSE(is_slower(times(1, 1, 1)));
}

}  // namespace
}  // namespace atrous::test
