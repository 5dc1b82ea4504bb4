#include "compiler/size.h"

#include <catch2/catch.hpp>
#include <random>
#include <stdexcept>

using namespace atrous;

namespace {

const Size H = Size::input_dim(0, 2, "H"), W = Size::input_dim(0, 3, "W");

double at(const Size& size, int64_t h, int64_t w = 1) {
    return size.evaluate([=](uint32_t, uint32_t dim) { return dim == 2 ? h : w; });
}

}  // namespace

TEST_CASE("sums are canonical") {
    CHECK((H + 2 - 3 + 1) == H);
    CHECK((H + W - H) == W);
    CHECK((H - H) == Size(0));
    CHECK((H * 2 + W * 0 + 1).text() == "2*H + 1");
    CHECK((Size(3) - H).text() == "-H + 3");
    CHECK(((H + 1) * (W - 2)).text() == "-2*H + H*W + W - 2");
    CHECK((H * W) == (W * H));
    CHECK((H * W * H) == (H * (H * W)));
    CHECK_FALSE(H == W);
    CHECK(Size(0.5).text() == "0.5");
    CHECK(Size().text() == "0");
}

TEST_CASE("divisions are taken out where they are exact") {
    CHECK(floor_div(H * 4 + 2, 2) == H * 2 + 1);
    CHECK(floor_div(H + 3, 2).text() == "floor((H + 1)/2) + 1");
    CHECK(floor_div(floor_div(H, 2), 2) == floor_div(H, 4));
    CHECK(floor_div(floor_div(H + 1, 2) + 1, 2) == floor_div(H + 3, 4));
    CHECK(ceil_div(ceil_div(H, 2), 2) == ceil_div(H, 4));
    CHECK(floor_div(H * 2 + 1, 2) == H);
    CHECK(floor_div(H * 6 + 3, 4) == floor_div(H * 3 + 1, 2));
    CHECK(floor_div(H * W, W) == H);
    CHECK(floor_div(H * W * 6, H * 2) == W * 3);
    CHECK(floor_div(Size(0) - H, 2) == Size(0) - ceil_div(H, 2));
    CHECK(floor_div(H, H) == Size(1));
    CHECK(floor_div(-7, 2) == Size(-4));
    CHECK(trunc_div(-7, 2) == Size(-3));
    CHECK(trunc_div(H, 2) == floor_div(H, 2));
    CHECK(trunc_div(H - 5, 2).text() == "trunc((H - 5)/2)");
    CHECK(modulo(H, 1) == Size(0));
    CHECK(modulo(H * 4 + 3, 2) == Size(1));
    CHECK(modulo(-7, 3) == Size(2));
    CHECK(divide(H * 3, H) == Size(3));
    CHECK(divide(H, 2) == H * Size(0.5));
    CHECK(divide(H, 3).text() == "(H/3)");
    CHECK_THROWS_AS(floor_div(H, 0), std::domain_error);
    CHECK_THROWS_AS(divide(H, 0), std::domain_error);
}

TEST_CASE("floors of float arithmetic that is exact disappear") {
    CHECK(floor_of(to_f32(H * 2)) == H * 2);
    CHECK(floor_of(to_f32(H * Size(0.5))) == floor_div(H, 2));
    CHECK(floor_of(to_f32(divide(H, 3))) == floor_div(H, 3));
    CHECK(ceil_of(to_f32(divide(H, 3))) == ceil_div(H, 3));
    CHECK(floor_of(H * Size(0.75) + 2) == floor_div(H * 3, 4) + 2);
    CHECK(to_f32(0.1).constant() == static_cast<double>(0.1f));
    CHECK(floor_of(to_f32(H * to_f32(0.1))).text() == "floor(f32(0.10000000149011612*H))");
    CHECK(round_even(H) == H);
    CHECK(round_even(2.5) == Size(2));
}

TEST_CASE("minimum, maximum and comparisons know that dimensions are at least 1") {
    CHECK(minimum(H, 1) == Size(1));
    CHECK(maximum(H, 0) == H);
    CHECK(minimum(H, 9e18) == H);
    CHECK(minimum(H, 2).text() == "min(2, H)");
    CHECK(minimum(H, W) == minimum(W, H));
    CHECK(minimum(floor_div(H + 1, 2), floor_div(H, 2)) == floor_div(H, 2));
    CHECK(minimum(ceil_div(ceil_div(H, 2), 2) * 2, ceil_div(H, 2)) == ceil_div(H, 2));
    CHECK(less(0, H) == Size(1));
    CHECK(less(0, ceil_div(H, 32)) == Size(1));
    CHECK(less(0, floor_div(H, 2)).text() == "(0 < floor(H/2))");
    CHECK(equals(H, -1) == Size(0));
    CHECK(equals(H + 1, H) == Size(0));
    CHECK(equals(H * 2, H + H) == Size(1));
    CHECK(equals(W, H).text() == "(H == W)");
    CHECK(select(equals(H, -1), 5, W) == W);
    CHECK(select(equals(H, 7), W, W) == W);
}

TEST_CASE("expressions that would grow without end are refused") {
    const auto grow = [] {
        Size size = H;
        for (int i = 0; i < 100; ++i) size = minimum(size * size + 3, floor_div(size * 5, 7));
    };
    CHECK_THROWS_AS(grow(), std::length_error);
    Size sum;
    const auto add = [&] {
        for (uint32_t i = 0; i < 1000; ++i) sum = sum + Size::input_dim(0, i, "d" + std::to_string(i));
    };
    CHECK_THROWS_AS(add(), std::length_error);
}

TEST_CASE("deep expressions take no time that doubles with every level") {
    Size size = H;
    for (int level = 0; level < 60; ++level) size = minimum(size + W, Size(1000000 + level));
    CHECK(size.text().size() < 2000);
}

// Whatever is simplified has the value that the operations have, applied one after the other to numbers.
TEST_CASE("simplified expressions have the value of what they were made from") {
    std::mt19937 random(7);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    for (int round = 0; round < 3000; ++round) {
        const int64_t h = pick(40) + 1, w = pick(40) + 1;
        std::vector<Size> symbolic{H, W}, number{Size(h), Size(w)};
        for (int step = 0; step < 6; ++step) {
            const size_t a = random() % symbolic.size(), b = random() % symbolic.size();
            const int factor = pick(5) + 1, summand = pick(9) - 4, operation = pick(11);
            const auto apply = [&](const std::vector<Size>& from) -> Size {
                const Size &x = from[a], &y = from[b];
                switch (operation) {
                case 0:
                    return x + y;
                case 1:
                    return x - y + summand;
                case 2:
                    return x * Size(factor) + summand;
                case 3:
                    return floor_div(x + summand, factor);
                case 4:
                    return ceil_div(x + summand, factor);
                case 5:
                    return trunc_div(x + summand, factor);
                case 6:
                    return modulo(x + summand, factor);
                case 7:
                    return minimum(x, y + summand);
                case 8:
                    return maximum(x, y + summand);
                case 9:
                    return floor_of(divide(x, factor));
                default:
                    return select(less(x, y), x + summand, equals(x, y) + y);
                }
            };
            try {
                symbolic.push_back(apply(symbolic));
            } catch (const std::length_error&) {
                break;
            }
            number.push_back(apply(number));
            INFO(symbolic.back().text() << " with H = " << h << ", W = " << w);
            REQUIRE(at(symbolic.back(), h, w) == number.back().constant());
            const SizeRange range = range_of(symbolic.back());
            REQUIRE(range.low <= number.back().constant());
            REQUIRE(range.high >= number.back().constant());
            REQUIRE(is_whole(symbolic.back()));
        }
    }
}
