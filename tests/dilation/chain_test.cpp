#include "compiler/dilation/chain.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "runtime/error.h"
#include "tests/dilation/brute_force.h"

using namespace atrous;
using namespace atrous::dilation;

namespace {

Chain chain_of(const std::vector<int64_t>& rates, int64_t kernel = 3) {
    Chain chain;
    for (const int64_t rate : rates) chain.push_back({kernel, rate, 1});
    return chain;
}

std::vector<int64_t> numbers(const ChainFacts& facts, int64_t LayerFacts::*number) {
    std::vector<int64_t> list;
    for (const LayerFacts& layer : facts.layers) list.push_back(layer.*number);
    return list;
}

using Numbers = std::vector<int64_t>;

}  // namespace

TEST_CASE("The article's chains") {
    const ChainFacts hdc = analyse(chain_of({1, 2, 3})), plain = analyse(chain_of({1, 1, 1}));
    CHECK(hdc.receptive_field == 13);
    CHECK(hdc.covered == 13);
    CHECK(numbers(hdc, &LayerFacts::effective_kernel) == Numbers{3, 5, 7});
    CHECK(numbers(hdc, &LayerFacts::field) == Numbers{3, 7, 13});
    CHECK(plain.receptive_field == 7);
    CHECK(plain.is_covered());

    const ChainFacts gridding = analyse(chain_of({2, 2, 2}));
    CHECK(gridding.receptive_field == 13);
    CHECK(gridding.covered == 7);
    CHECK(gridding.counts == std::vector<Count>{1, 0, 3, 0, 6, 0, 7, 0, 6, 0, 3, 0, 1});
    CHECK(gridding.m2 == 2);
    CHECK(gridding.criterion == Criterion::passes);
    CHECK(gridding.divisor == 2);
    CHECK(gridding.separate_sets == 2);
    CHECK(gridding.unrelated == Numbers{1, 3, 5, 7, 9, 11});
    CHECK(gridding.disagrees());
    CHECK(verdict_text(gridding) ==
          "M₂ = 2 passes, yet only 7 of 13 positions are read: trust the coverage, which is exact; the criterion is "
          "only a rule of thumb.");
}

TEST_CASE("Where the criterion misleads") {
    const ChainFacts holes = analyse(chain_of({2, 3}));
    CHECK(holes.m2 == 3);
    CHECK(holes.divisor == 1);
    CHECK(holes.covered == 9);
    CHECK(holes.receptive_field == 11);
    CHECK(holes.disagrees());
    const ChainFacts sawtooth = analyse(chain_of({1, 2, 5, 1, 2, 5}));
    CHECK(sawtooth.m2 == 5);
    CHECK(sawtooth.criterion == Criterion::fails);
    CHECK(sawtooth.covered == 33);
    CHECK(sawtooth.receptive_field == 33);
    CHECK(sawtooth.sawtooth.period == 3);
    CHECK(sawtooth.sawtooth.teeth == 2);
    CHECK(verdict_text(sawtooth) ==
          "M₂ = 5 fails, yet every position of the field is read (33 of 33): trust the coverage, which is exact; the "
          "criterion is only a rule of thumb.");
}

TEST_CASE("M_i beside the true largest gap") {
    // The paper's own example: r = [1, 2, 5] has M2 = 2, r = [1, 2, 9] has M2 = 5.
    CHECK(analyse(chain_of({1, 2, 5})).m2 == 2);
    CHECK(analyse(chain_of({1, 2, 9})).m2 == 5);
    const ChainFacts facts = analyse(chain_of({1, 2, 9}));
    CHECK(numbers(facts, &LayerFacts::m) == Numbers{3, 5, 9});
    CHECK(numbers(facts, &LayerFacts::gap) == Numbers{3, 5, 9});
    CHECK(numbers(analyse(chain_of({2, 2, 2})), &LayerFacts::gap) == Numbers{2, 2, 2});
    CHECK(numbers(analyse(chain_of({1, 2, 5, 1, 2, 5})), &LayerFacts::gap) == Numbers{1, 1, 1, 1, 2, 5});
}

TEST_CASE("One layer has no M2") {
    const ChainFacts facts = analyse(chain_of({18}));
    CHECK(facts.criterion == Criterion::undefined);
    CHECK_FALSE(facts.m2);
    CHECK(facts.covered == 3);
    CHECK(facts.receptive_field == 37);
    CHECK_FALSE(facts.disagrees());
    CHECK(analyse({{1, 7, 1}}).covered == 1);
    CHECK(analyse({{1, 7, 1}}).separate_sets == 0);
}

TEST_CASE("Layers with one tap along an axis do not count for the criterion") {
    const ChainFacts facts = analyse({{1, 9, 1}, {3, 1, 1}, {1, 1, 1}, {3, 2, 1}, {3, 5, 1}, {1, 4, 1}});
    const ChainFacts without = analyse(chain_of({1, 2, 5}));
    CHECK(facts.m2 == without.m2);
    CHECK(facts.criterion == Criterion::passes);
    CHECK(facts.counts == without.counts);
    CHECK(facts.sawtooth.period == 3);
    CHECK(numbers(facts, &LayerFacts::m) == Numbers{0, 1, 0, 2, 5, 0});
    CHECK(analyse({{1, 1, 1}, {3, 4, 1}}).criterion == Criterion::undefined);
}

TEST_CASE("Sawtooth") {
    const auto period = [](const Numbers& rates) { return sawtooth_of(rates).period; };
    CHECK(period({1, 2, 3}) == 3);
    CHECK(period({1, 2, 3, 1, 2, 3}) == 3);
    CHECK(period({1, 2, 3, 1, 2}) == 3);
    CHECK(sawtooth_of({1, 2, 1}).teeth == 1.5);
    for (const Numbers& rates : std::vector<Numbers>{{2}, {2, 2}, {2, 1}, {1, 2, 2}, {1, 2, 3, 1, 3}, {1, 2, 3, 2, 3}})
        CHECK(period(rates) == 0);
}

TEST_CASE("Random chains equal impulses through convolutions") {
    std::mt19937 random(7);
    const auto number = [&](int64_t least, int64_t most) {
        return std::uniform_int_distribution<int64_t>(least, most)(random);
    };
    int covered = 0, holes = 0;
    for (int trial = 0; trial < 4000; ++trial) {
        Chain chain;
        const bool strided = trial % 4 == 0;
        for (int64_t n = number(1, 5); n > 0; --n)
            chain.push_back({number(1, 5), number(1, trial % 3 ? 4 : 9), strided ? number(1, 3) : 1});
        INFO("trial " << trial);
        const ChainFacts facts = analyse(chain);
        if (facts.receptive_field > 400) continue;
        const std::vector<double> paths = test::chain_paths(chain);
        REQUIRE(std::vector<double>(facts.counts.begin(), facts.counts.end()) == paths);
        std::vector<int64_t> read;
        for (size_t i = 0; i < paths.size(); ++i)
            if (paths[i] > 0) read.push_back(static_cast<int64_t>(i));
        REQUIRE(facts.covered == static_cast<int64_t>(read.size()));
        REQUIRE(facts.layers.back().field == facts.receptive_field);
        int64_t gap = 0, step = 1;
        for (size_t i = 1; i < read.size(); ++i) gap = std::max(gap, read[i] - read[i - 1]);
        REQUIRE(facts.layers[0].gap == gap);
        for (const ChainLayer& layer : chain) step *= layer.stride;
        if (!strided) {
            REQUIRE(covers_fully(chain) == facts.is_covered());
            ++(facts.is_covered() ? covered : holes);
        }
        // Which outputs share an input, from the sets themselves.
        std::set<int64_t> differences;
        for (const int64_t a : read)
            for (const int64_t b : read)
                if (a > b && (a - b) % step == 0) differences.insert((a - b) / step);
        int64_t divisor = 0;
        for (const int64_t difference : differences) divisor = std::gcd(divisor, difference);
        REQUIRE(facts.separate_sets == divisor);
        Numbers unrelated;
        for (int64_t d = 1; d <= 64 && d <= (facts.receptive_field - 1) / step; ++d)
            if (!differences.count(d)) unrelated.push_back(d);
        REQUIRE(facts.unrelated == unrelated);
    }
    CHECK(covered > 300);
    CHECK(holes > 300);
}

TEST_CASE("Deep chains neither overflow nor take long") {
    const ChainFacts facts = analyse(chain_of(Numbers(500, 1)));
    CHECK(facts.receptive_field == 1001);
    CHECK(facts.is_covered());
    CHECK(facts.counts[500] > 1e230L);
}

TEST_CASE("Chains that are refused") {
    const auto refusal = [](const Chain& chain) -> std::string {
        try {
            analyse(chain);
        } catch (const Error& error) {
            return error.what();
        }
        return "none";
    };
    CHECK(refusal({}) == "chain of convolutions: has no layer; give at least one rate");
    CHECK(refusal({{3, 0, 1}}) == "chain of convolutions: a rate is 0, expected 1 to 65536; use another rate");
    CHECK(refusal({{0, 1, 1}}) == "chain of convolutions: a kernel is 0, expected 1 to 1024; use another kernel");
    CHECK(refusal({{3, -2, 1}}) == "chain of convolutions: a rate is -2, expected 1 to 65536; use another rate");
    CHECK(refusal(Chain(1000000, ChainLayer{})) ==
          "chain of convolutions: has 1000000 layers, expected at most 1000; analyse a part of it");
    CHECK(refusal(Chain(20, ChainLayer{3, 65536, 1})) ==
          "chain of convolutions: its receptive field is longer than 1048576 positions; use smaller rates or fewer "
          "layers");
    CHECK(refusal(Chain(40, ChainLayer{2, 1, 65536})).find("longer than") != std::string::npos);
    CHECK(refusal(Chain(900, ChainLayer{1024, 1, 1})).find("too many taps") != std::string::npos);
}
