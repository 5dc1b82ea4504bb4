#include <catch2/catch.hpp>

#include "runtime/image.h"
#include "tests/runtime/pillow_reference.h"

namespace atrous::tests {
namespace {

Filter filter_of(const std::string& name) {
    return name == "lanczos" ? Filter::lanczos : name == "bilinear" ? Filter::bilinear : Filter::nearest;
}

Box box_of(const Case& one) {
    return {one.real("left"), one.real("top"), one.real("right"), one.real("bottom")};
}

std::vector<uint8_t> resized_bytes(const Case& one) {
    const Image image{
        one.number("width"), one.number("height"), one.number("channels"), 8, one.data<uint8_t>("input"), {}};
    return resize(image, one.number("new_width"), one.number("new_height"), filter_of(one.text("filter")), box_of(one))
        .pixels;
}

std::vector<float> resized_floats(const Case& one) {
    return resize(one.data<float>("input"), one.number("width"), one.number("height"), one.number("new_width"),
                  one.number("new_height"), filter_of(one.text("filter")), box_of(one));
}

std::string title(const Case& one) {
    std::string text;
    for (const auto& [key, value] : one.words) text.append(key).append("=").append(value).append(" ");
    return text;
}

}  // namespace

TEST_CASE("resize and luma equal Pillow's, bit for bit", "[resample]") {
    const Reference reference("resample");
    size_t bytes = 0, floats = 0, lumas = 0;
    for (const Case& one : reference.cases()) {
        INFO(title(one));
        if (one.text("type") == "byte") {
            REQUIRE((resized_bytes(one) == one.data<uint8_t>("output")));
            ++bytes;
        } else if (one.text("type") == "float") {
            // As bytes: −0 is not 0.
            const std::vector<float> result = resized_floats(one);
            const std::vector<uint8_t> expected = one.data<uint8_t>("output");
            REQUIRE(result.size() * sizeof(float) == expected.size());
            REQUIRE(std::memcmp(result.data(), expected.data(), expected.size()) == 0);
            ++floats;
        } else {
            const Image image{one.number("width"), one.number("height"), 3, 8, one.data<uint8_t>("input"), {}};
            const Image gray = to_channels(image, 1);
            CHECK((to_channels(gray, one.number("channels")).pixels == one.data<uint8_t>("output")));
            ++lumas;
        }
    }
    CHECK(bytes > 1000);
    CHECK(floats > 300);
    CHECK(lumas == 2);
}

TEST_CASE("a whole picture is the box that is taken when none is given", "[resample]") {
    const Image image{3, 2, 1, 8, {10, 20, 30, 40, 50, 60}, {1, 2}};
    for (const Filter filter : {Filter::nearest, Filter::bilinear, Filter::lanczos}) {
        const Image result = resize(image, 5, 7, filter);
        CHECK(result.width == 5);
        CHECK(result.height == 7);
        CHECK(result.icc == image.icc);
        CHECK((result.pixels == resize(image, 5, 7, filter, {0, 0, 3, 2}).pixels));
        CHECK((resize(image, 3, 2, filter).pixels == image.pixels));
    }
}

TEST_CASE("nearest keeps 16 bits, filters reduce to 8", "[resample]") {
    const std::vector<uint16_t> samples{0, 1000, 40000, 65535};
    Image image{2, 2, 1, 16, std::vector<uint8_t>(8), {}};
    std::memcpy(image.pixels.data(), samples.data(), 8);
    const Image twice = resize(image, 4, 2, Filter::nearest);
    CHECK(twice.bits == 16);
    std::vector<uint16_t> chosen(8);
    REQUIRE(twice.pixels.size() == 16);
    std::memcpy(chosen.data(), twice.pixels.data(), 16);
    CHECK(chosen == std::vector<uint16_t>{0, 0, 1000, 1000, 40000, 40000, 65535, 65535});
    const Image same = resize(image, 2, 2, Filter::bilinear);
    CHECK(same.bits == 8);
    CHECK(same.pixels == std::vector<uint8_t>{0, 4, 156, 255});
}

}  // namespace atrous::tests
