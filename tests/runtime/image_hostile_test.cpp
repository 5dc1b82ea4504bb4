// Broken and malicious pictures: each gives one clear Error, and nothing else happens.
#include <catch2/catch.hpp>
#include <cctype>
#include <random>

#include "runtime/image.h"
#include "tests/runtime/pillow_reference.h"

namespace atrous::tests {
namespace {

// True when it was decoded, false when it was refused; anything else fails the test.
bool decodes(const std::string& file) {
    ReadLimits limits;
    limits.max_pixels = 1 << 16;
    try {
        decode_image(reinterpret_cast<const uint8_t*>(file.data()), file.size(), "picture", limits);
        return true;
    } catch (const Error& error) {
        CHECK(std::string(error.what()).starts_with("picture: "));
        return false;
    }
}

// "at byte 12 of 34" as "at byte # of #": sizes depend on who compressed the file.
std::string without_sizes(const std::string& message) {
    const size_t at = message.find("at byte ");
    if (at == std::string::npos) return message;
    std::string result = message.substr(0, at);
    for (const char letter : message.substr(at)) {
        if (!std::isdigit(static_cast<unsigned char>(letter))) {
            result += letter;
        } else if (result.back() != '#') {
            result += '#';
        }
    }
    return result;
}

std::string error_of_file(const std::filesystem::path& file) {
    std::string message = error_of([&] { read_image(file); });
    const std::string folder = file.parent_path().string() + "/";
    for (size_t at; (at = message.find(folder)) != std::string::npos;) message.erase(at, folder.size());
    return without_sizes(message);
}

}  // namespace

TEST_CASE("a picture that is cut anywhere is an error", "[image][hostile]") {
    const Reference small("small");
    for (const Case& one : small.cases()) {
        const std::string file = read_text(small.folder() / one.text("file"));
        INFO(one.text("file"));
        CHECK(decodes(file));
        size_t decoded = 0;
        for (size_t size = 0; size < file.size(); ++size) decoded += decodes(file.substr(0, size));
        CHECK(decoded == 0);
    }
}

TEST_CASE("flipped bits are decoded or refused", "[image][hostile]") {
    const Reference small("small");
    std::mt19937 random(7);
    for (const Case& one : small.cases()) {
        const std::string file = read_text(small.folder() / one.text("file"));
        INFO(one.text("file"));
        size_t refused = 0;
        for (int round = 0; round < 1500; ++round) {
            std::string changed = file;
            const int flips = 1 + round % 4;
            for (int flip = 0; flip < flips; ++flip) {
                changed[random() % changed.size()] ^= static_cast<char>(1 << random() % 8);
            }
            refused += !decodes(changed);
        }
        CHECK(refused > 100);
    }
}

TEST_CASE("headers that promise too much are refused before memory is taken", "[image][hostile]") {
    const Reference attacks("attacks");
    const auto error = [&](const char* name) { return error_of_file(attacks.folder() / name); };
    CHECK(error("huge.png") ==
          "huge.png: has 50000×50000 = 2500000000 pixels, more than the 268435456 allowed; allow more with "
          "--max-pixels");
    CHECK(error("huge.jpg") ==
          "huge.jpg: has 65500×65500 = 4290250000 pixels, more than the 268435456 allowed; allow more with "
          "--max-pixels");
    CHECK(error("hollow.png") ==
          "hollow.png: the PNG is broken: the file is too short for the size in its header; replace the file or leave "
          "it out");
    CHECK(error("wide.png") ==
          "wide.png: the PNG is broken: Invalid IHDR data, at byte # of #; replace the file or leave it out");
    CHECK(error("empty.png") ==
          "empty.png: the PNG is broken: Invalid IHDR data, at byte # of #; replace the file or leave it out");
    CHECK(error("flat.jpg") ==
          "flat.jpg: the JPEG is broken: Empty JPEG image (DNL not supported), at byte # of #; replace the file or "
          "leave it out");
    CHECK(error("hollow.jpg") ==
          "hollow.jpg: the JPEG is broken: Corrupt JPEG data: premature end of data segment, at byte # of #; "
          "replace the file or leave it out");
    CHECK(error("huge.webp") ==
          "huge.webp: the WebP is broken: the compressed pixels make no sense; replace the file or leave it out");
    CHECK(error("scans.jpg") ==
          "scans.jpg: the JPEG is broken: more than 100 scans, at byte # of #; replace the file or leave it out");
}

TEST_CASE("what unpacks to a hundred megabytes is left packed", "[image][hostile]") {
    const Reference attacks("attacks");
    const Image with_text = read_image(attacks.folder() / "text.png");
    const Image with_profile = read_image(attacks.folder() / "profile.png");
    CHECK(with_text.pixels.size() == 48);
    CHECK(with_profile.pixels.size() == 48);
    CHECK(with_profile.icc.empty());
}

TEST_CASE("the number of pixels is limited exactly", "[image][hostile]") {
    const Reference small("small");  // 9×7
    for (const char* name : {"gray.png", "baseline.jpg", "lossy.webp"}) {
        CHECK_NOTHROW(read_image(small.folder() / name, ReadLimits{63}));
        const std::string message = error_of([&] { read_image(small.folder() / name, ReadLimits{62}); });
        CHECK(message == (small.folder() / name).string() +
                             ": has 9×7 = 63 pixels, more than the 62 allowed; allow more with --max-pixels");
    }
}

TEST_CASE("files that are no pictures", "[image][hostile]") {
    const TemporaryFolder folder;
    const auto error = [&](const std::string& content) {
        write_text(folder.path() / "x", content);
        CHECK_FALSE(looks_like_image(folder.path() / "x"));
        return error_of_file(folder.path() / "x");
    };
    using namespace std::string_literals;
    CHECK(error("") == "x: is empty, a PNG, JPEG or WebP picture was expected; replace the file or leave it out");
    CHECK(error("GIF89a") == "x: is a GIF file, a PNG, JPEG or WebP picture was expected; convert it first");
    CHECK(error("II*\0 and more"s) == "x: is a TIFF file, a PNG, JPEG or WebP picture was expected; convert it first");
    CHECK(
        error("hello") ==
        "x: is not a PNG, JPEG or WebP picture (it begins with the bytes 68 65 6c 6c 6f); leave it out, or convert it "
        "first");
    CHECK(error("\x89PNG") ==
          "x: is not a PNG, JPEG or WebP picture (it begins with the bytes 89 50 4e 47); leave it out, or convert it "
          "first");
}

TEST_CASE("paths that cannot be read", "[image][hostile]") {
    const TemporaryFolder folder;
    CHECK(error_of_file(folder.path() / "none.png") ==
          "none.png: cannot be read (No such file or directory); check the path and its permissions");
    std::filesystem::create_directory(folder.path() / "sub");
    CHECK(error_of_file(folder.path() / "sub") == "sub: is a folder, a picture was expected; name a file");
    CHECK(error_of([] { read_image("/dev/zero"); }) ==
          "/dev/zero: is a device or a pipe, a picture file was expected; name a file");
    CHECK_FALSE(looks_like_image(folder.path() / "none.png"));
    CHECK_FALSE(looks_like_image(folder.path() / "sub"));
    CHECK_FALSE(looks_like_image("/dev/zero"));
}

TEST_CASE("a file larger than any allowed picture is not read", "[image][hostile]") {
    const TemporaryFolder folder;
    write_text(folder.path() / "x.png", "\x89PNG\r\n\x1a\n");
    std::filesystem::resize_file(folder.path() / "x.png", uint64_t{1} << 40);
    CHECK(error_of_file(folder.path() / "x.png") ==
          "x.png: has 1099511627776 bytes, more than any picture of 268435456 pixels needs; allow more pixels if it "
          "really is a picture");
}

}  // namespace atrous::tests
