// Reading pictures: every kind of file against what Pillow reads, or against the samples the file was made of.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>

#include "runtime/image.h"
#include "tests/runtime/pillow_reference.h"

namespace atrous::tests {

TEST_CASE("pictures of every kind are read as Pillow reads them", "[image]") {
    const Reference reference("pictures");
    CHECK(reference.cases().size() > 250);
    for (const Case& one : reference.cases()) {
        INFO(one.text("file"));
        const auto file = reference.folder() / one.text("file");
        CHECK(looks_like_image(file));
        const Image image = read_image(file);
        REQUIRE(image.width == one.number("width"));
        REQUIRE(image.height == one.number("height"));
        REQUIRE(image.channels == one.number("channels"));
        REQUIRE(image.bits == one.number("bits"));
        CHECK((image.pixels == one.data<uint8_t>("output")));
        CHECK((image.icc == one.data<uint8_t>("icc")));
    }
}

}  // namespace atrous::tests
