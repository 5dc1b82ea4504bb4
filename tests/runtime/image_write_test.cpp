// PNG files that are written are read back as they were, whole or not at all.
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <random>
#include <thread>

#include "runtime/image.h"
#include "tests/runtime/pillow_reference.h"

namespace atrous::tests {
namespace {

Image noise(int width, int height, int channels, int bits) {
    Image image{width, height, channels, bits, {}, {}};
    std::mt19937 random(static_cast<unsigned>(width * 31 + height * 7 + channels + bits));
    image.pixels.resize(static_cast<size_t>(width) * height * channels * (bits / 8));
    for (uint8_t& byte : image.pixels) byte = static_cast<uint8_t>(random());
    return image;
}

Image decoded(const std::vector<uint8_t>& file) {
    return decode_image(file.data(), file.size(), "encoded");
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

// A limit on the size of files, as a full disk would be; lifted at the end.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

  private:
    rlimit before_{};
    void (*handler_)(int);
};

}  // namespace

TEST_CASE("PNG files keep every sample", "[image]") {
    for (const int channels : {1, 2, 3, 4}) {
        for (const int bits : {8, 16}) {
            const Image image = noise(13, 7, channels, bits);
            const Image read = decoded(encode_png(image));
            CHECK(read.width == 13);
            CHECK(read.height == 7);
            CHECK(read.channels == channels);
            CHECK(read.bits == bits);
            CHECK(read.pixels == image.pixels);
        }
    }
}

TEST_CASE("PNG files keep the colour profile if it fits the pixels", "[image]") {
    const Reference pictures("pictures");
    const Image color = read_image(pictures.folder() / "icc.png");
    REQUIRE(color.icc.size() > 300);
    CHECK(decoded(encode_png(color)).icc == color.icc);
    CHECK(decoded(encode_png(to_channels(color, 3))).icc == color.icc);
    CHECK(decoded(encode_png(to_channels(color, 1))).icc.empty());
    Image broken = color;
    broken.icc.assign(500, 7);
    CHECK(decoded(encode_png(broken)).icc.empty());
}

TEST_CASE("palette PNG files show the colours of their labels", "[image]") {
    const std::vector<uint8_t> labels{0, 1, 2, 2, 1, 0};
    const Image read = decoded(encode_palette_png(labels, 3, 2, {0x000000, 0x4682b4, 0xff0001}));
    CHECK(read.channels == 3);
    CHECK(read.pixels == std::vector<uint8_t>{0, 0, 0, 70, 130, 180, 255, 0, 1,  //
                                              255, 0, 1, 70, 130, 180, 0, 0, 0});
    CHECK(error_of([&] {
              encode_palette_png(labels, 3, 2, {0, 1});
          }) == "labels: the label 2 has no colour in a palette of 2; give it one");
}

TEST_CASE("files are written whole and leave nothing beside them", "[write_file]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a.png";
    write_file(file, "first", 5);
    CHECK(read_text(file) == "first");
    write_file(file, "second time", 11);
    CHECK(read_text(file) == "second time");
    write_file(file, nullptr, 0);
    CHECK(read_text(file).empty());
    CHECK(names_in(folder.path()) == std::vector<std::string>{"a.png"});
}

TEST_CASE("a long file name can be written", "[write_file]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / std::string(255, 'n');
    write_file(file, "x", 1);
    CHECK(read_text(file) == "x");
}

TEST_CASE("threads that write the same file write one of their versions", "[write_file]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a";
    std::vector<std::thread> threads;
    for (char letter = 'a'; letter < 'e'; ++letter) {
        threads.emplace_back([&file, letter] {
            const std::string content(100'000, letter);
            for (int round = 0; round < 20; ++round) write_file(file, content.data(), content.size());
        });
    }
    for (std::thread& thread : threads) thread.join();
    const std::string content = read_text(file);
    CHECK(content == std::string(100'000, content.at(0)));
    CHECK(names_in(folder.path()) == std::vector<std::string>{"a"});
}

TEST_CASE("what cannot be written leaves the old file and nothing else", "[write_file]") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "a";
    const std::string large(100'000, 'x');
    write_file(file, "old", 3);
    std::string message;
    {
        const FileSizeLimit limit(50'000);
        message = error_of([&] { write_file(file, large.data(), large.size()); });
    }
    CHECK(message == file.string() + ": cannot be written (File too large); free some room, or write elsewhere");
    CHECK(read_text(file) == "old");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"a"});

    std::filesystem::create_directory(folder.path() / "sub");
    CHECK(error_of([&] { write_file(folder.path() / "sub", "x", 1); }) ==
          (folder.path() / "sub").string() +
              ": cannot be written (Is a directory); check the folder and its permissions");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"a", "sub"});
    CHECK(error_of([&] { write_file(folder.path() / "none" / "b", "x", 1); }) ==
          (folder.path() / "none/b").string() +
              ": cannot be written (No such file or directory); check the folder and its permissions");
}

TEST_CASE("devices are written to, not replaced", "[write_file]") {
    write_file("/dev/null", "x", 1);
    CHECK(std::filesystem::is_character_file("/dev/null"));
    CHECK(error_of([] { write_file("/dev/full", "x", 1); }) ==
          "/dev/full: cannot be written (No space left on device); free some room, or write elsewhere");
}

TEST_CASE("a folder without permission", "[write_file]") {
    if (::geteuid() == 0) {
        WARN("SKIP: the superuser may write everywhere");
        return;
    }
    const TemporaryFolder folder;
    std::filesystem::permissions(folder.path(),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    const std::string message = error_of([&] { write_file(folder.path() / "a", "x", 1); });
    std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
    CHECK(message == (folder.path() / "a").string() +
                         ": cannot be written (Permission denied); check the folder and its permissions");
}

}  // namespace atrous::tests
