// The stages of Winograd convolution × odd shapes = the reference in double precision; and all of them together = a
// direct convolution.
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "generators/winograd_matrices.h"
#include "schedules/algorithm.h"
#include "schedules/conv_columns.h"
#include "tests/schedules/arguments.h"
#include "tests/schedules/kernel_runner.h"

using namespace atrous;

namespace {

const std::vector<WinogradTile> tiles{{4, 4, 3, 3}, {2, 2, 3, 3}, {4, 2, 3, 3}, {1, 4, 1, 3}, {4, 1, 2, 1},
                                      {4, 4, 2, 2}, {2, 2, 5, 4}, {5, 6, 3, 3}, {8, 7, 3, 3}};

struct Image {
    int width, height, dilation_x, dilation_y, tiles_x, tiles_y, batch;
    int together = 1;  // images that a group goes on to
};
const std::vector<Image> images{{1, 1, 1, 1, 1, 1, 1},   {7, 5, 1, 1, 2, 1, 1},    {16, 9, 2, 3, 4, 3, 1},
                                {13, 4, 9, 2, 13, 1, 2}, {33, 2, 18, 1, 12, 2, 1}, {25, 11, 3, 5, 5, 11, 1},
                                {9, 7, 1, 2, 9, 7, 3, 3}};

int groups_of(int pixels, int outputs, int dilation, int tiles_per_group) {
    const int all = winograd_tiles(pixels, outputs, dilation);
    return (all + tiles_per_group - 1) / tiles_per_group;
}

// The group's index and counts, the dilation.
void add_group(TestArguments& a, const Image& image, const WinogradTile& tile, int index) {
    a.i32(index);
    a.i32(groups_of(image.width, tile.outputs_x, image.dilation_x, image.tiles_x));
    a.i32(groups_of(image.height, tile.outputs_y, image.dilation_y, image.tiles_y));
    a.i32(image.dilation_x).i32(image.dilation_y);
}

int group_count(const Image& image, const WinogradTile& tile) {
    return image.batch / image.together * groups_of(image.width, tile.outputs_x, image.dilation_x, image.tiles_x) *
           groups_of(image.height, tile.outputs_y, image.dilation_y, image.tiles_y);
}

TEST_CASE("a row is cut where whole kernel columns read padding") {
    const auto text = [](const ConvAxis& x) {
        std::string result;
        for (const ConvColumns& c : split_columns(x))
            result += std::to_string(c.begin) + "-" + std::to_string(c.end) + ":" + std::to_string(c.first_tap) + "+" +
                      std::to_string(c.taps) + " ";
        return result;
    };
    CHECK(text({33, 33, 3, 1, 1, 1}) == "0-33:0+3 ");
    CHECK(text({33, 33, 3, 1, 18, 18}) == "0-15:1+2 15-33:0+2 ");
    CHECK(text({33, 33, 3, 1, 12, 12}) == "0-12:1+2 12-21:0+3 21-33:0+2 ");
    CHECK(text({33, 33, 3, 1, 40, 40}) == "0-33:1+1 ");
    CHECK(text({4, 4, 3, 1, 3, 3}) == "0-4:0+3 ");
    CHECK(text({0, 0, 3, 1, 1, 1}) == "0-0:0+3 ");
    CHECK(text({500, 500, 1 << 20, 1, 1, 1 << 19}) == "0-500:0+1048576 ");  // as no honest model asks: at once

    // Never without a tap that reads the image, whatever the window.
    for (int out : {10, 17, 40}) {
        for (int in : {1, 9, 40, 100}) {
            for (int taps : {1, 2, 3, 5}) {
                for (int stride : {1, 2}) {
                    for (int dilation : {1, 6, 13, 50}) {
                        for (int pad : {0, 7, 12, 60}) {
                            const ConvAxis x{out, in, taps, stride, dilation, pad};
                            int next = 0;
                            double all = 0;
                            for (const ConvColumns& c : split_columns(x)) {
                                CHECK(c.begin == next);
                                next = c.end;
                                for (int o = c.begin; o < c.end; o++) {
                                    for (int k = 0; k < taps; k++) {
                                        const int at = o * stride + k * dilation - pad;
                                        if (at < 0 || at >= in) continue;
                                        all++;
                                        const bool covered = k >= c.first_tap && k < c.first_tap + c.taps;
                                        if (!covered) FAIL("output " << o << " lacks tap " << k);
                                    }
                                }
                            }
                            CHECK(next == out);
                            // Rows lose exactly the padding, columns no more than that.
                            ConvAxis one;
                            CHECK(direct_share(one, x) == Approx(all / out / taps));
                            CHECK(direct_share(x, one) >= all / out / taps - 1e-9);
                        }
                    }
                }
            }
        }
    }
}

}  // namespace

TEST_CASE("minimal filtering: the matrices compute a correlation exactly") {
    for (int outputs : {1, 2, 3, 4, 5, 6, 7, 8}) {
        for (int taps : {1, 2, 3, 4, 5}) {
            const int size = outputs + taps - 1;
            if (size > 10) continue;
            const WinogradMatrices m = winograd_matrices(outputs, taps);
            for (int tap = 0; tap < taps; tap++) {
                for (int datum = 0; datum < size; datum++) {
                    for (int j = 0; j < outputs; j++) {
                        double y = 0;
                        for (int e = 0; e < size; e++) y += m.output[j][e] * m.filter[e][tap] * m.input[e][datum];
                        INFO("F(" << outputs << ", " << taps << ")");
                        CHECK(std::abs(y - (datum == j + tap)) < 1e-13);
                    }
                }
            }
        }
    }
}

TEST_CASE("tiles of an axis cover every output once") {
    for (int outputs : {1, 2, 3, 4, 5, 6, 7, 8}) {
        for (int dilation : {1, 2, 3, 5, 9, 18, 100}) {
            for (int pixels = 0; pixels < 80; pixels++) {
                std::vector<int> written(static_cast<size_t>(pixels));
                for (int tile = 0; tile < winograd_tiles(pixels, outputs, dilation); tile++) {
                    const int first = tile / dilation * outputs * dilation + tile % dilation;
                    CHECK(first < pixels);
                    for (int o = 0; o < outputs; o++)
                        if (first + o * dilation < pixels) written[static_cast<size_t>(first + o * dilation)]++;
                }
                CHECK(std::count(written.begin(), written.end(), 1) == pixels);
            }
        }
    }
}

TEST_CASE("filters into the Winograd domain") {
    for (const WinogradTile& tile : tiles) {
        for (const std::string& target : runnable_targets(&tile == &tiles[0])) {
            WinogradWeightsSpec spec{ElementType::f32, tile};
            CompiledKernel kernel(spec, {}, target);
            for (auto [ci, co] : {std::pair{16, 16}, {33, 50}, {5, 16}}) {
                TestArguments a(7);
                a.conv_weights_c16(tile.kernel_x, tile.kernel_y, ci, co, 1);
                a.output({channel_block, channel_block * blocks(ci), blocks(co), tile.size_x(), tile.size_y()});
                INFO(name_of(spec) << " for " << target << ", " << ci << "→" << co);
                CHECK(a.compare(spec, [&](auto& args) { return kernel.run(args); }) == "");
            }
        }
    }
}

TEST_CASE("the area that a group of tiles reads is fetched") {
    for (const std::string& target : runnable_targets(true)) {
        CompiledKernel kernel(WinogradFetchSpec{}, {}, target);
        for (const WinogradTile& tile : tiles) {
            for (const Image& image : images) {
                const int pad_x = (tile.kernel_x - 1) * image.dilation_x / 2;
                const int pad_y = (tile.kernel_y - 1) * image.dilation_y / 2;
                for (int group = 0; group < group_count(image, tile); group++) {
                    TestArguments a(23);
                    const int halo =
                        std::max((tile.kernel_x - 1) * image.dilation_x, (tile.kernel_y - 1) * image.dilation_y);
                    a.image(Packing::c16, {image.width, image.height, 20, image.batch}, halo);
                    add_group(a, image, tile, group);
                    a.i32(image.tiles_x).i32(image.tiles_y).i32(tile.outputs_x).i32(tile.outputs_y);
                    a.i32(tile.size_x()).i32(tile.size_y()).i32(pad_x).i32(pad_y);
                    a.i32(image.width - 1 + (tile.kernel_x - 1) * image.dilation_x - pad_x);
                    a.i32(image.height - 1 + (tile.kernel_y - 1) * image.dilation_y - pad_y);
                    a.output({channel_block});
                    INFO(target << ", " << image.width << "×" << image.height << " group " << group);
                    CHECK(a.compare(WinogradFetchSpec{}, [&](auto& args) { return kernel.run(args); }) == "");
                }
            }
        }
    }
}

TEST_CASE("pixels into the Winograd domain") {
    for (const WinogradTile& tile : tiles) {
        for (const std::string& target : runnable_targets(&tile == &tiles[0])) {
            WinogradInputSpec spec{ElementType::f32, tile};
            CompiledKernel kernel(spec, {}, target);
            for (const Image& image : images) {
                const int pad_x = (tile.kernel_x - 1) * image.dilation_x / 2;
                const int pad_y = (tile.kernel_y - 1) * image.dilation_y / 2;
                for (int group = 0; group < group_count(image, tile); group++) {
                    const int count = image.tiles_x * image.tiles_y * image.together, panel = 1 + group % 4;
                    const int panels = (count + panel - 1) / panel, first = panels > 2 ? 1 : 0;
                    TestArguments a(3);
                    const int halo =
                        std::max((tile.kernel_x - 1) * image.dilation_x, (tile.kernel_y - 1) * image.dilation_y);
                    a.image(Packing::c16, {image.width, image.height, 20, image.batch}, halo);
                    add_group(a, image, tile, group);
                    a.i32(pad_x).i32(pad_y);
                    a.i32(image.width - 1 + (tile.kernel_x - 1) * image.dilation_x - pad_x);
                    a.i32(image.height - 1 + (tile.kernel_y - 1) * image.dilation_y - pad_y);
                    a.i32(image.tiles_x).i32(image.tiles_y).i32(count).i32(panel).i32(first);
                    a.output({channel_block, panel, panels - first, 2, tile.size_x(), tile.size_y()}, ElementType::f32,
                             {0, 0, 0, 1, 1, 1});
                    INFO(name_of(spec) << " for " << target << ", " << image.width << "×" << image.height << " group "
                                       << group);
                    CHECK(a.compare(spec, [&](auto& args) { return kernel.run(args); }) == "");
                }
            }
        }
    }
}

TEST_CASE("matrix products in the Winograd domain") {
    for (const std::string& target : runnable_targets(true)) {
        std::vector<std::string> seen;
        for (int hint : {1, 2, 3, 5, 6, 8, 12, 16, 20}) {
            for (int channels_out : {16, 64}) {
                SizeHint size{hint, 0, 64, channels_out};
                const BatchedGemmSpec spec{ElementType::f32, hint == 6 || hint == 12 ? 2 : 0, hint == 5 || hint == 16,
                                           hint == 8 || hint == 12};
                const std::string name = kernel_name(spec, size, target);
                if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
                seen.push_back(name);
                CompiledKernel kernel(spec, size, target);
                for (auto [panel, panels] : {std::pair{1, 3}, {3, 4}, {hint, 1}, {2 * hint, 2}, {7, 2}}) {
                    for (auto [in, out] : {std::pair{1, 1}, {2, 3}, {3, 4}}) {
                        TestArguments a(11);
                        a.floats({channel_block, channel_block * in, out, 9});
                        a.floats({channel_block, panel, in, panels, 9});
                        if (spec.by_element) {
                            a.output({channel_block, panel, panels, 9, out}, ElementType::f32, {0, 0, 1, 1, 1});
                            a.permuted({0, 3, 1, 2, 4});
                        } else {
                            a.output({channel_block, 9, panel, panels, out}, ElementType::f32, {0, 0, 1, 0, 1});
                        }
                        INFO(name << " for " << target << ", " << panels << " panels of " << panel << " tiles, " << in
                                  << "→" << out << " blocks");
                        CHECK(a.compare(spec, [&](auto& args) { return kernel.run(args); }) == "");
                    }
                }
            }
        }
    }
}

TEST_CASE("from the Winograd domain back to pixels") {
    struct Ending {
        ElementwiseFunction activation;
        Residual residual;
    };
    for (const WinogradTile& tile : tiles) {
        for (const std::string& target : runnable_targets(&tile == &tiles[1])) {
            const Ending endings[]{{ElementwiseFunction::relu, Residual::none},
                                   {ElementwiseFunction::prelu, Residual::before_activation},
                                   {ElementwiseFunction::identity, Residual::after_activation},
                                   {ElementwiseFunction::clip, Residual::none}};
            const Ending& e = endings[(&tile - &tiles[0]) % 4];
            const bool by_element = (&tile - &tiles[0]) % 2 == 1;
            WinogradOutputSpec spec{ElementType::f32, tile, e.activation, e.residual, by_element};
            CompiledKernel kernel(spec, {}, target);
            for (const Image& image : images) {
                for (int group = 0; group < group_count(image, tile); group++) {
                    TestArguments a(5);
                    const int ex = tile.size_x(), ey = tile.size_y(), tx = image.tiles_x, ty = image.tiles_y;
                    if (by_element) {
                        a.floats({channel_block, tx, ty, image.together, ex, ey, 2}).permuted({0, 4, 5, 1, 2, 6, 3});
                    } else {
                        a.floats({channel_block, ex, ey, tx, ty, 2, image.together});
                    }
                    a.floats({channel_block, 2});
                    if (e.activation == ElementwiseFunction::prelu) a.floats({channel_block, 2});
                    const ImageSize size{image.width, image.height, 20, image.batch};
                    if (e.residual != Residual::none) a.image(Packing::c16, size);
                    add_group(a, image, tile, group);
                    a.f32(-0.2f).f32(0.3f).i32(image.width).i32(image.height);
                    a.output_image(Packing::c16, size);
                    INFO(name_of(spec) << " for " << target << ", " << image.width << "×" << image.height << " group "
                                       << group);
                    CHECK(a.compare(spec, [&](auto& args) { return kernel.run(args); }) == "");
                }
            }
        }
    }
}

TEST_CASE("groups of tiles outside for large images, wide ones; filters outside where they are the larger part") {
    ConvSpec spec;
    spec.packing = Packing::c16;
    spec.kernel_x = spec.kernel_y = 3;
    for (const std::string& target : runnable_targets()) {
        const auto choice = [&](const SizeHint& size) {
            return choose_winograd(spec, {size}, 1, 1, WinogradPolicy::automatic, target);
        };
        const auto image = choice({256, 256, 64, 64});
        REQUIRE(image);
        CHECK(image->blocks == 0);
        CHECK(image->tiles_x >= image->tiles_y);
        const auto deep = choice({20, 20, 512, 512});
        REQUIRE(deep);
        REQUIRE(deep->blocks > 0);
        CHECK(32 % deep->blocks == 0);
        CHECK(deep->tiles_x == winograd_tiles(20, deep->tile.outputs_x, 1));
        CHECK(deep->tiles_y == winograd_tiles(20, deep->tile.outputs_y, 1));
    }
}

TEST_CASE(
    "tiles of more than eight elements an axis, where 32 registers hold them, lose no more precision than they may") {
    ConvSpec spec;
    spec.packing = Packing::c16;
    spec.kernel_x = spec.kernel_y = 3;
    const auto largest = [&](const char* target, int channels) {
        int elements = 0;
        for (const AlgorithmEstimate& e : estimate_algorithms(spec, {128, 128, channels, channels}, 1, 1, target))
            if (e.winograd) elements = std::max(elements, e.winograd->tile.size_x() * e.winograd->tile.size_y());
        return elements;
    };
    CHECK(largest("x86-64-linux-avx512_zen4", 16) == 100);
    CHECK(largest("x86-64-linux-avx512_zen4", 64) == 90);
    CHECK(largest("x86-64-linux-avx512_zen4", 128) == 81);
    CHECK(largest("x86-64-linux-avx512_zen4", 1024) == 81);  // no more than 128 are added up at once
    CHECK(largest("x86-64-linux-avx512_zen5", 16) == 100);
    CHECK(largest("x86-64-linux-avx512_sapphirerapids", 16) == 64);  // where transforms take longer beside products
    CHECK(largest("x86-64-linux-avx2-fma", 64) == 64);
    CHECK(largest("arm-64-linux", 64) == 64);
    CHECK(channels_at_once({8, 4, 3, 3}) == 128);
    CHECK(channels_at_once({6, 6, 3, 3}) == 0);

    const SizeHint wide{128, 128, 128, 128};
    CHECK(is_legal({{8, 6, 3, 3}, 16, 1}, spec, wide, 1, 1, "x86-64-linux-avx512_zen4"));
    CHECK_FALSE(is_legal({{8, 8, 3, 3}, 16, 1}, spec, wide, 1, 1, "x86-64-linux-avx512_zen4"));
    CHECK_FALSE(is_legal({{8, 6, 3, 3}, 16, 1}, spec, wide, 1, 1, "x86-64-linux-avx2-fma"));
}

TEST_CASE("panels are as wide as register tiles divide") {
    const SizeHint tiles{22, 0, 256, 256};
    CHECK(panel_tiles(tiles, "x86-64-linux-avx512_zen4") == 11);
    CHECK(panel_tiles(tiles, "x86-64-linux-avx512_zen4", false) == 12);  // another level has tiles of three
    CHECK(panel_tiles(tiles, "x86-64-linux-avx2-fma") % 3 == 0);
}

TEST_CASE("One choice for several sizes: filters outside only where that suits them all; their order is all one") {
    ConvSpec spec;
    spec.packing = Packing::c16;
    spec.kernel_x = spec.kernel_y = 3;
    for (const std::string& target : runnable_targets()) {
        const auto choice = [&](const std::vector<SizeHint>& sizes) {
            return choose_winograd(spec, sizes, 1, 1, WinogradPolicy::automatic, target);
        };
        const SizeHint small{20, 20, 512, 512}, large{1024, 1024, 512, 512};
        REQUIRE(choice({small}));
        CHECK(choice({small})->blocks > 0);
        REQUIRE(choice({small, large}));
        CHECK(choice({small, large})->blocks == 0);

        const SizeHint a{320, 320, 64, 64}, b{256, 256, 64, 64}, c{500, 300, 64, 64};
        const auto one = choice({a, b, c}), other = choice({c, a, b});
        REQUIRE(one);
        REQUIRE(other);
        CHECK(one->tile == other->tile);
        CHECK(one->tiles_x == other->tiles_x);
        CHECK(one->tiles_y == other->tiles_y);
        CHECK(choice({a, a, a})->tile == choice({a})->tile);
        CHECK(choice({a, {0, 0, 64, 64}}));
        CHECK_FALSE(choice({{0, 0, 64, 64}, a}));
    }
}

TEST_CASE("Winograd is chosen where it can be computed") {
    const std::string target = runnable_targets().back();
    ConvSpec spec;
    spec.packing = Packing::c16;
    spec.kernel_x = spec.kernel_y = 3;
    const SizeHint large{256, 256, 64, 64};
    const auto choose = [&](WinogradPolicy policy) { return choose_winograd(spec, {large}, 2, 2, policy, target); };
    CHECK_FALSE(choose(WinogradPolicy::off));
    REQUIRE(choose(WinogradPolicy::automatic));
    CHECK(choose(WinogradPolicy::automatic)->tile.outputs_x >= 4);
    CHECK(choose(WinogradPolicy::f2)->tile.outputs_y == 2);
    CHECK(choose(WinogradPolicy::f4)->tile.outputs_y == 4);
    CHECK_FALSE(choose_winograd(spec, {large}, 2, 2, WinogradPolicy::f4, "arm-32-linux"));
    CHECK_FALSE(choose_winograd(spec, {{256, 256, 3, 16}}, 1, 1, WinogradPolicy::automatic, target));
    CHECK_FALSE(choose_winograd(spec, {{0, 0, 64, 64}}, 1, 1, WinogradPolicy::f4, target));
    CHECK_FALSE(choose_winograd(spec, {{1 << 30, 1, 64, 64}}, 1, 1, WinogradPolicy::f4, target));
    spec.kernel_x = spec.kernel_y = 8;
    CHECK_FALSE(choose(WinogradPolicy::f2));
    spec.kernel_x = spec.kernel_y = 3;
    spec.stride_x = 2;
    CHECK_FALSE(choose(WinogradPolicy::f4));
    spec.stride_x = 1;
    spec.grouped = true;
    CHECK_FALSE(choose(WinogradPolicy::f4));
}
