// Pictures to tensors and back: rembg's arithmetic exactly, then everything else that a config can say.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "runtime/config.h"
#include "tests/runtime/pillow_reference.h"

namespace atrous::tests {
namespace {

Config u2net() {
    return parse_config(read_text(std::filesystem::path(ATROUS_SOURCE_DIR) / "models" / "u2net.json"), "u2net.json");
}

bool equal_bits(const std::vector<float>& values, const std::vector<uint8_t>& bytes) {
    return values.size() * sizeof(float) == bytes.size() && std::memcmp(values.data(), bytes.data(), bytes.size()) == 0;
}

Image rgb(int width, int height) {
    Image image{width, height, 3, 8, std::vector<uint8_t>(static_cast<size_t>(width) * height * 3), {}};
    std::iota(image.pixels.begin(), image.pixels.end(), uint8_t{0});
    return image;
}

Config plain() {
    Config config;
    config.divide = 1;
    return config;
}

// A placement whose tensor shows just the picture.
Placement whole(int width, int height) {
    return {width, height, width, height, width, height};
}

}  // namespace

TEST_CASE("tensors and masks equal rembg's", "[convert]") {
    const Reference reference("tensors");
    size_t tensors = 0, masks = 0, label_maps = 0;
    for (const Case& one : reference.cases()) {
        const int width = one.number("width"), height = one.number("height"), channels = one.number("channels");
        const int new_width = one.number("new_width"), new_height = one.number("new_height");
        INFO(one.text("type") << " " << width << "×" << height << "×" << channels << " → " << new_width << "×"
                              << new_height);
        Placement placement{new_width, new_height, width, height, width, height};
        if (one.text("type") == "tensor") {
            const Image picture{width, height, channels, 8, one.data<uint8_t>("input"), {}};
            const auto tensor = to_tensor(picture, u2net(), new_width, new_height, placement);
            CHECK(equal_bits(tensor, one.data<uint8_t>("output")));
            CHECK(placement.picture_width == width);
            CHECK(placement.content_width == new_width);
            CHECK(placement.height == new_height);
            ++tensors;
        } else if (one.text("type") == "mask") {
            const auto output = one.data<float>("input");
            const Segmentation result = from_tensor(output.data(), 1, height, width, placement, u2net(), false);
            CHECK(result.mask.width == new_width);
            CHECK(result.mask.height == new_height);
            CHECK(result.mask.channels == 1);
            CHECK((result.mask.pixels == one.data<uint8_t>("output")));
            ++masks;
        } else {
            const auto output = one.data<float>("input");
            const Segmentation result = from_tensor(output.data(), channels, height, width, placement, {}, false);
            CHECK((result.labels == one.data<uint16_t>("output")));
            CHECK(result.scores.empty());
            ++label_maps;
        }
    }
    CHECK(tensors == 28);
    CHECK(masks == 16);
    CHECK(label_maps == 2);
}

TEST_CASE("channels go where the config says", "[convert]") {
    const Image picture{2, 1, 3, 8, {10, 20, 30, 40, 50, 60}, {}};
    Placement placement;
    Config config = plain();
    CHECK(to_tensor(picture, config, 0, 0, placement) == std::vector<float>{10, 40, 20, 50, 30, 60});
    config.channels = Config::Channels::bgr;
    config.mean = {1, 2, 3};
    CHECK(to_tensor(picture, config, 0, 0, placement) == std::vector<float>{29, 59, 18, 48, 7, 37});
    config.channels = Config::Channels::gray;
    config.mean = {0};
    config.std = {2};
    CHECK(to_tensor(picture, config, 0, 0, placement) == std::vector<float>{9, 24});  // luma 18 and 48
}

TEST_CASE("the model sees neither alpha nor 16 bits", "[convert]") {
    Placement placement;
    const Image transparent{1, 1, 4, 8, {10, 20, 30, 0}, {}};
    CHECK(to_tensor(transparent, plain(), 0, 0, placement) == std::vector<float>{10, 20, 30});
    const Image gray_alpha{1, 1, 2, 8, {10, 0}, {}};
    CHECK(to_tensor(gray_alpha, plain(), 0, 0, placement) == std::vector<float>{10, 10, 10});
    const std::vector<uint16_t> samples{257 * 9, 257 * 9 + 128, 257 * 9 + 129};
    Image deep{1, 1, 3, 16, std::vector<uint8_t>(6), {}};
    std::memcpy(deep.pixels.data(), samples.data(), 6);
    CHECK(to_tensor(deep, plain(), 0, 0, placement) == std::vector<float>{9, 9, 10});
}

TEST_CASE("pictures are padded to a multiple with zeros after normalisation", "[convert]") {
    Config config = plain();
    config.multiple = 4;
    config.mean = {5};
    Placement placement;
    const Image picture{3, 1, 1, 8, {6, 7, 8}, {}};
    const auto tensor = to_tensor(picture, config, 0, 0, placement);
    CHECK(placement.content_width == 3);
    CHECK(placement.width == 4);
    CHECK(placement.height == 4);
    REQUIRE(tensor.size() == 48);
    for (size_t channel = 0; channel < 3; ++channel) {
        std::vector<float> expected(16, 0.0f);
        expected[0] = 1, expected[1] = 2, expected[2] = 3;
        CHECK(std::vector<float>(tensor.begin() + 16 * channel, tensor.begin() + 16 * (channel + 1)) == expected);
    }
}

TEST_CASE("the size of the tensor", "[convert]") {
    const auto placed = [](int width, int height, Config::Resize resize, int declared_width, int declared_height,
                           int multiple) {
        Config config;
        config.resize = resize;
        config.multiple = multiple;
        Placement p;
        to_tensor(rgb(width, height), config, declared_width, declared_height, p);
        return std::vector<int>{p.content_width, p.content_height, p.width, p.height};
    };
    using Resize = Config::Resize;
    CHECK(placed(30, 20, Resize::unset, 16, 8, 1) == std::vector<int>{16, 8, 16, 8});
    CHECK(placed(30, 20, Resize::unset, 0, 0, 1) == std::vector<int>{30, 20, 30, 20});
    CHECK(placed(30, 20, Resize::unset, 0, 0, 32) == std::vector<int>{30, 20, 32, 32});
    CHECK(placed(30, 20, Resize::none, 0, 0, 7) == std::vector<int>{30, 20, 35, 21});
    CHECK(placed(30, 20, Resize::none, 40, 24, 1) == std::vector<int>{30, 20, 40, 24});   // a smaller picture is padded
    CHECK(placed(30, 20, Resize::fixed, 15, 0, 1) == std::vector<int>{15, 10, 15, 10});   // proportions are kept
    CHECK(placed(30, 20, Resize::unset, -1, 31, 8) == std::vector<int>{47, 31, 48, 31});  // 46.5 is rounded up
    CHECK(placed(3, 1, Resize::fixed, 1, 0, 1) == std::vector<int>{1, 1, 1, 1});
    CHECK(error_of([&] { placed(30, 20, Resize::fixed, 0, 0, 1); }) ==
          "config: \"resize\" is \"fixed\", but the model declares neither height nor width; write \"none\"");
    CHECK(error_of([&] { placed(30, 20, Resize::none, 20, 20, 1); }) ==
          "config: \"resize\" is \"none\", but the picture is 30×20 and the model takes at most 20×20; write "
          "\"fixed\"");
    CHECK(error_of([&] { placed(1, 500'000, Resize::fixed, 512, 0, 1); }) ==
          "picture: it would need a tensor of more than 2147483647 numbers; make it smaller");
}

TEST_CASE("what was padded is cropped, also from a smaller output", "[convert]") {
    Config config;
    config.activation = Config::Activation::none;
    const Placement placement{6, 2, 6, 2, 8, 4};
    constexpr float x = 1e30f;  // must not show
    const std::vector<float> full{0, 0.2f, 0.4f, 0.6f, 0.8f, 1, x, x, 1, 0.8f, 0.6f, 0.4f, 0.2f, 0, x, x,
                                  x, x,    x,    x,    x,    x, x, x, x, x,    x,    x,    x,    x, x, x};
    CHECK(from_tensor(full.data(), 1, 4, 8, placement, config, false).mask.pixels ==
          std::vector<uint8_t>{0, 51, 102, 153, 204, 255, 255, 204, 153, 102, 51, 0});
    config.filter = Filter::nearest;
    const std::vector<float> half{0, 0.5f, 1, x, x, x, x, x};
    CHECK(from_tensor(half.data(), 1, 2, 4, placement, config, false).mask.pixels ==
          std::vector<uint8_t>{0, 0, 128, 128, 255, 255, 0, 0, 128, 128, 255, 255});
    // Between the pixels of the output: 6 of 8 columns are 1.5 of 2.
    const std::vector<float> quarter{0, 1};
    CHECK(from_tensor(quarter.data(), 1, 1, 2, {6, 1, 6, 1, 8, 1}, config, false).mask.pixels ==
          std::vector<uint8_t>{0, 0, 0, 0, 255, 255});
    config.activation = Config::Activation::minmax;  // of what the picture covers
    CHECK(from_tensor(half.data(), 1, 2, 4, placement, config, false).mask.pixels ==
          std::vector<uint8_t>{0, 0, 127, 127, 255, 255, 0, 0, 127, 127, 255, 255});
}

TEST_CASE("activations of one channel", "[convert]") {
    Config config;
    const std::vector<float> output{-1000, -1, 0, 1, 1000, std::numeric_limits<float>::quiet_NaN()};
    const auto mask = [&](Config::Activation activation) {
        config.activation = activation;
        return from_tensor(output.data(), 1, 1, 6, whole(6, 1), config, false).mask.pixels;
    };
    CHECK(mask(Config::Activation::none) == std::vector<uint8_t>{0, 0, 0, 255, 255, 0});
    CHECK(mask(Config::Activation::sigmoid) == std::vector<uint8_t>{0, 69, 128, 186, 255, 0});
    CHECK(mask(Config::Activation::minmax) == std::vector<uint8_t>{0, 127, 127, 127, 255, 0});
    CHECK(error_of([&] { mask(Config::Activation::softmax); }) ==
          "config: \"activation\" is \"softmax\", which is 1 everywhere for an output of one channel; write "
          "\"sigmoid\", \"minmax\" or \"none\"");
    const std::vector<float> constant(6, 0.7f);
    config.activation = Config::Activation::minmax;
    CHECK(from_tensor(constant.data(), 1, 1, 6, whole(6, 1), config, false).mask.pixels == std::vector<uint8_t>(6, 0));
    const std::vector<float> nothing(6, std::numeric_limits<float>::quiet_NaN());
    CHECK(from_tensor(nothing.data(), 1, 1, 6, whole(6, 1), config, false).mask.pixels == std::vector<uint8_t>(6, 0));
    const std::vector<float> endless{1, std::numeric_limits<float>::infinity()};
    CHECK(from_tensor(endless.data(), 1, 1, 2, whole(2, 1), config, false).mask.pixels == std::vector<uint8_t>(2, 0));
}

TEST_CASE("scores of classes", "[convert]") {
    Config config;
    config.activation = Config::Activation::softmax;
    const std::vector<float> output{1, 500, -3,  //
                                    1, 0,   -2,  //
                                    0, 0,   -1};
    const Segmentation result = from_tensor(output.data(), 3, 1, 3, whole(3, 1), config, true);
    CHECK(result.classes == 3);
    CHECK(result.width == 3);
    CHECK(result.height == 1);
    CHECK(result.labels == std::vector<uint16_t>{0, 0, 2});  // the first of equals
    REQUIRE(result.scores.size() == 9);
    CHECK(result.scores[0] == Approx(1 / (2 + std::exp(-1.0))));
    CHECK(result.scores[1] == 1.0f);
    CHECK(result.scores[4] == 0.0f);
    for (size_t i = 0; i < 3; ++i) CHECK(result.scores[i] + result.scores[3 + i] + result.scores[6 + i] == Approx(1));
    CHECK(result.mask.pixels.empty());

    // Interpolated before the largest is taken: the edge lies where the scores cross, not between pixels.
    config.activation = Config::Activation::none;
    const std::vector<float> edge{1, 0, 0, 3};
    const Segmentation wide = from_tensor(edge.data(), 2, 1, 2, {8, 1, 2, 1, 2, 1}, config, true);
    CHECK(wide.labels == std::vector<uint16_t>{0, 0, 0, 1, 1, 1, 1, 1});
    CHECK(wide.scores.size() == 16);
    CHECK(error_of([&] { from_tensor(edge.data(), 0, 1, 2, whole(2, 1), config, true); }) ==
          "output: it has the shape 0×1×2, classes and pixels were expected");
    CHECK(error_of([&] { from_tensor(edge.data(), 70'000, 1, 2, whole(2, 1), config, true); }) ==
          "output: it has 70000 classes, at most 65536 are possible");
}

TEST_CASE("label maps are scaled with nearest and cropped", "[convert]") {
    const std::vector<uint16_t> labels{300, 2, 9, 9};
    const Segmentation result = from_labels(labels, 301, 2, 2, {4, 2, 4, 2, 4, 4});
    CHECK(result.classes == 301);
    CHECK(result.labels == std::vector<uint16_t>{300, 300, 2, 2, 300, 300, 2, 2});
    CHECK(error_of([&] {
              from_labels(labels, 301, 2, 3, {4, 2, 4, 2, 4, 4});
          }) == "output: it has 4 labels, 3×2 were expected");
}

TEST_CASE("cut-outs keep the colours and multiply alpha", "[convert]") {
    const Image mask{2, 1, 1, 8, {255, 128}, {}};
    const Image color{2, 1, 3, 8, {1, 2, 3, 4, 5, 6}, {7, 8}};
    const Image cut = cutout(color, mask);
    CHECK(cut.channels == 4);
    CHECK(cut.pixels == std::vector<uint8_t>{1, 2, 3, 255, 4, 5, 6, 128});
    CHECK(cut.icc == color.icc);
    CHECK(cutout({2, 1, 2, 8, {9, 100, 10, 51}, {}}, mask).pixels ==
          std::vector<uint8_t>{9, 9, 9, 100, 10, 10, 10, 26});
    const std::vector<uint16_t> samples{1000, 65535, 3000, 40000};
    Image deep{2, 1, 2, 16, std::vector<uint8_t>(8), {}};
    std::memcpy(deep.pixels.data(), samples.data(), 8);
    const Image deep_cut = cutout(deep, mask);
    CHECK(deep_cut.bits == 16);
    std::vector<uint16_t> cut_samples(8);
    REQUIRE(deep_cut.pixels.size() == 16);
    std::memcpy(cut_samples.data(), deep_cut.pixels.data(), 16);
    CHECK(cut_samples == std::vector<uint16_t>{1000, 1000, 1000, 65535, 3000, 3000, 3000, 20078});
}

TEST_CASE("overlays show the picture where the mask is", "[convert]") {
    Segmentation segmentation{1, 2, 1, {2, 1, 1, 8, {255, 0}, {}}, {}, {}};
    const Image picture{2, 1, 3, 8, {200, 100, 50, 200, 100, 50}, {1}};
    const Image result = overlay(picture, segmentation, {});
    CHECK(result.channels == 3);
    CHECK(result.icc == picture.icc);
    CHECK(std::vector<uint8_t>(result.pixels.begin(), result.pixels.begin() + 3) == std::vector<uint8_t>{200, 100, 50});
    for (size_t i = 3; i < 6; ++i) CHECK(result.pixels[i] < 70);
    const Image transparent{2, 1, 4, 8, {200, 100, 50, 0, 200, 100, 50, 255}, {}};
    CHECK(overlay(transparent, segmentation, {}).pixels[0] == 255);
}

TEST_CASE("overlays tint classes and draw their edges", "[convert]") {
    Segmentation segmentation{2, 3, 1, {}, {0, 1, 1}, {}};
    Config config;
    config.palette = {0x000000, 0xff0000};
    const Image picture{3, 1, 1, 8, {100, 100, 100}, {}};
    const Image result = overlay(picture, segmentation, config);
    REQUIRE(result.pixels.size() == 9);
    CHECK(std::vector<uint8_t>(result.pixels.begin(), result.pixels.begin() + 3) == std::vector<uint8_t>{50, 50, 50});
    CHECK(result.pixels[4] > 150);  // the edge
    CHECK(std::vector<uint8_t>(result.pixels.begin() + 6, result.pixels.end()) == std::vector<uint8_t>{178, 50, 50});
}

}  // namespace atrous::tests
