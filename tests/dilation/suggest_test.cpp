#include "compiler/dilation/suggest.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "runtime/error.h"

using namespace atrous;
using namespace atrous::dilation;

namespace {

using Numbers = std::vector<int64_t>;

// Every sequence of `layers` rates up to `largest`, judged by its set of positions.
std::set<Numbers> all_covering(int64_t kernel, size_t layers, int64_t largest) {
    std::set<Numbers> found;
    Numbers rates(layers, 1);
    while (true) {
        Chain chain;
        for (const int64_t rate : rates) chain.push_back({kernel, rate, 1});
        if (analyse(chain).is_covered()) found.insert(rates);
        size_t i = 0;
        while (i < layers && rates[i] == largest) rates[i++] = 1;
        if (i == layers) return found;
        ++rates[i];
    }
}

std::set<Numbers> sequences(const Suggestions& suggestions) {
    std::set<Numbers> found;
    for (const Suggestion& suggestion : suggestions.best) found.insert(suggestion.rates);
    return found;
}

std::string refusal(const SuggestOptions& options) {
    try {
        suggest(options);
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEST_CASE("All sequences that cover fully, and no others") {
    for (const auto& [kernel, layers, largest] :
         std::vector<std::tuple<int64_t, size_t, int64_t>>{{3, 1, 9}, {3, 2, 12}, {3, 3, 12}, {2, 4, 9}, {4, 2, 12}}) {
        INFO(kernel << " " << layers);
        const Suggestions all = suggest({kernel, static_cast<int64_t>(layers), {}, 1000000});
        CHECK(all.exhaustive);
        CHECK(all.found == static_cast<double>(all.best.size()));
        CHECK(sequences(all) == all_covering(kernel, layers, largest));
        for (size_t i = 1; i < all.best.size(); ++i) {
            const Suggestion &before = all.best[i - 1], &after = all.best[i];
            CHECK(std::tie(before.field, before.sawtooth.teeth, before.evenness) >=
                  std::tie(after.field, after.sawtooth.teeth, after.evenness));
        }
    }
}

TEST_CASE("Exactly one field") {
    const Suggestions of_33 = suggest({3, 6, 33, 1000000});
    CHECK(of_33.exhaustive);
    for (const Suggestion& suggestion : of_33.best) CHECK(suggestion.field == 33);
    const Numbers hdc{1, 2, 5, 1, 2, 5};
    CHECK(sequences(of_33).count(hdc) == 1);
    CHECK(of_33.best[0].sawtooth.teeth == 2);
    // A longer list begins like a shorter one.
    const Suggestions few = suggest({3, 6, 33, 5});
    REQUIRE(few.best.size() == 5);
    CHECK(few.found == of_33.found);
    for (size_t i = 0; i < 5; ++i) CHECK(few.best[i].rates == of_33.best[i].rates);
    // The same by brute force: rates up to 11 suffice for a sum of 16.
    const std::set<Numbers> covering = all_covering(3, 4, 9);
    const Suggestions of_25 = suggest({3, 4, 25, 1000000});
    std::set<Numbers> expected;
    for (const Numbers& rates : covering)
        if (rates[0] + rates[1] + rates[2] + rates[3] == 12) expected.insert(rates);
    CHECK(sequences(of_25) == expected);
}

TEST_CASE("The largest field reads every position once") {
    const Suggestions best = suggest({3, 4, {}, 1});
    REQUIRE(best.best.size() == 1);
    CHECK(best.best[0].rates == Numbers{1, 3, 9, 27});
    CHECK(best.best[0].field == 81);
    CHECK(best.best[0].evenness == Approx(1));
}

TEST_CASE("It says when it cannot be exhaustive") {
    const Suggestions cut = suggest({3, 24, {}, 3});
    CHECK_FALSE(cut.exhaustive);
    CHECK(cut.limit.find("fields above 65535 were not looked at") != std::string::npos);
    const Suggestions many = suggest({3, 16, 401, 3});
    CHECK_FALSE(many.exhaustive);
    CHECK(many.limit.find("of the field 401, only the first ") != std::string::npos);
    for (const Suggestion& suggestion : many.best) CHECK(suggestion.field == 401);
}

TEST_CASE("Fields that there are not") {
    CHECK(refusal({3, 6, 34, 5}) ==
          "--field: 34 is no field that 6 layers with a kernel of 3 can read without holes: it is 1 + 2 x the sum of "
          "the rates, from 13 to 729; the nearest: 33 and 35");
    CHECK(refusal({3, 2, 11, 5}).find("from 5 to 9; the nearest: 9") != std::string::npos);
    CHECK(refusal({3, 6, 3, 5}).find("the nearest: 13") != std::string::npos);
    CHECK(refusal({1, 6, 3, 5}) == "--kernel: 1 is out of range, expected 2 to 64 with --suggest");
    CHECK(refusal({3, 1000000, {}, 5}) == "--layers: 1000000 is out of range, expected 1 to 64 with --suggest");
    CHECK(refusal({3, 6, -5, 5}) == "--field: -5 is out of range, expected 1 to 65535 with --suggest");
}
