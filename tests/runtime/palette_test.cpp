#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "runtime/config.h"

namespace atrous::tests {
namespace {

// Oklab, where distance is difference to the eye.
std::array<double, 3> oklab(uint32_t color) {
    std::array<double, 3> linear{};
    for (int i = 0; i < 3; ++i) {
        const double part = (color >> (16 - 8 * i) & 255) / 255.0;
        linear[i] = part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
    }
    const auto [r, g, b] = linear;
    const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

double smallest_distance(const std::vector<uint32_t>& palette) {
    double smallest = 10;
    for (size_t i = 0; i < palette.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
            const auto a = oklab(palette[i]), b = oklab(palette[j]);
            smallest = std::min(smallest, std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]));
        }
    }
    return smallest;
}

}  // namespace

TEST_CASE("palettes for any number of classes differ", "[palette]") {
    for (const int classes : {0, 1, 2, 21, 256, 1000, 65536}) {
        const auto palette = palette_of({}, classes);
        CHECK(palette.size() == static_cast<size_t>(classes));
        CHECK(std::set<uint32_t>(palette.begin(), palette.end()).size() == palette.size());
    }
}

TEST_CASE("the colours of a usual number of classes are far apart", "[palette]") {
    CHECK(smallest_distance(palette_of({}, 8)) > 0.15);
    CHECK(smallest_distance(palette_of({}, 21)) > 0.07);
    CHECK(smallest_distance(palette_of({}, 40)) > 0.05);
}

TEST_CASE("black is for the background", "[palette]") {
    Config config;
    CHECK(palette_of(config, 3)[0] == 0);
    config.classes = {"Background", "cat"};
    CHECK(palette_of(config, 2)[0] == 0);
    config.classes = {"road", "sky"};
    CHECK(palette_of(config, 2)[0] != 0);
}

TEST_CASE("configured colours come first and are not repeated", "[palette]") {
    Config config;
    const uint32_t first = palette_of(config, 2)[1];
    config.palette = {0x010203, first};
    const auto palette = palette_of(config, 5);
    CHECK(palette[0] == 0x010203);
    CHECK(palette[1] == first);
    CHECK(std::set<uint32_t>(palette.begin(), palette.end()).size() == 5);
    CHECK(palette_of(config, 1) == std::vector<uint32_t>{0x010203});
}

}  // namespace atrous::tests
