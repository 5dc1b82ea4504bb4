// Every other schedule × odd shapes = the reference in double precision, scheduled and not.
#include <catch2/catch.hpp>

#include "schedules/registry.h"
#include "tests/schedules/arguments.h"
#include "tests/schedules/kernel_runner.h"

using namespace atrous;

namespace {

const std::vector<ImageSize> sizes{{1, 1, 1}, {2, 3, 16}, {7, 5, 17}, {16, 1, 3, 2}, {19, 11, 33}, {67, 2, 5}};

// Runs one spec over argument makers on every target, `device` included where asked for, and unscheduled on the widest.
template <class Arguments>
void check(const KernelSpec& spec, const std::vector<Arguments>& makers, double tolerance = 1e-5, bool device = false) {
    std::vector<std::string> targets = runnable_targets(device);
    for (size_t t = 0; t <= targets.size(); t++) {
        bool scheduled = t < targets.size();
        const std::string& target = scheduled ? targets[t] : targets.back();
        CompiledKernel kernel(spec, {}, target, scheduled);
        INFO(name_of(spec) << " for " << target << (scheduled ? "" : ", unscheduled"));
        if (scheduled) CHECK(kernel.undefined_symbols().find("halide_malloc") == std::string::npos);
        for (size_t i = 0; i < makers.size(); i++) {
            TestArguments a = makers[i](static_cast<unsigned>(i + 1));
            INFO("arguments " << i);
            CHECK(a.compare(
                      spec, [&](auto& args) { return kernel.run(args); }, tolerance) == "");
        }
    }
}

using Maker = std::function<TestArguments(unsigned)>;

}  // namespace

TEST_CASE("pooling") {
    struct Window {
        int kernel, stride, dilation, pad, out_extra;
    };
    for (Packing packing : {Packing::c16, Packing::planar}) {
        for (PoolKind kind : {PoolKind::max, PoolKind::average}) {
            for (bool count_include_pad : {false, true}) {
                if (kind == PoolKind::max && count_include_pad) continue;
                std::vector<Maker> makers;
                for (const ImageSize& size : sizes) {
                    for (Window w :
                         {Window{2, 2, 1, 0, 1}, {2, 2, 1, 0, 0}, {3, 2, 1, 1, 0}, {3, 1, 2, 2, 0}, {1, 1, 1, 0, 0}}) {
                        makers.push_back([=](unsigned seed) {
                            auto out = [&](int n) {
                                return std::max(1, (n + 2 * w.pad - w.dilation * (w.kernel - 1) - 1 +
                                                    w.out_extra * (w.stride - 1)) /
                                                           w.stride +
                                                       1);
                            };
                            TestArguments a(seed);
                            a.image(packing, size).i32(w.kernel).i32(w.kernel).i32(w.stride).i32(w.stride);
                            a.i32(w.dilation).i32(w.dilation).i32(w.pad).i32(w.pad).i32(w.pad).i32(w.pad);
                            a.i32(out(size.width)).i32(out(size.height));
                            a.output_image(packing, {out(size.width), out(size.height), size.channels, size.batch});
                            return a;
                        });
                    }
                }
                check(PoolSpec{ElementType::f32, packing, kind, count_include_pad}, makers, 1e-5,
                      packing == Packing::planar || kind == PoolKind::max);
            }
        }
    }
}

TEST_CASE("global pooling") {
    for (Packing packing : {Packing::c16, Packing::planar}) {
        for (PoolKind kind : {PoolKind::max, PoolKind::average}) {
            std::vector<Maker> makers;
            for (const ImageSize& size : sizes) {
                makers.push_back([=](unsigned seed) {
                    TestArguments a(seed);
                    a.image(packing, size).output_image(packing, {1, 1, size.channels, size.batch});
                    return a;
                });
            }
            check(GlobalPoolSpec{ElementType::f32, packing, kind}, makers, 1e-5,
                  (packing == Packing::planar) == (kind == PoolKind::average));
        }
    }
}

TEST_CASE("resize") {
    std::vector<ResizeSpec> specs;
    for (Packing packing : {Packing::c16, Packing::planar}) {
        for (auto coordinates : {ResizeCoordinates::half_pixel, ResizeCoordinates::pytorch_half_pixel,
                                 ResizeCoordinates::align_corners, ResizeCoordinates::asymmetric}) {
            specs.push_back({ElementType::f32, packing, ResizeMode::linear, coordinates, {}});
        }
        for (auto rounding : {NearestRounding::round_prefer_floor, NearestRounding::round_prefer_ceil,
                              NearestRounding::floor, NearestRounding::ceil}) {
            specs.push_back({ElementType::f32, packing, ResizeMode::nearest, ResizeCoordinates::asymmetric, rounding});
            specs.push_back({ElementType::f32, packing, ResizeMode::nearest, ResizeCoordinates::half_pixel, rounding});
        }
    }
    for (const ResizeSpec& spec : specs) {
        std::vector<Maker> makers;
        for (const ImageSize& size : sizes) {
            for (auto [x, y] : {std::pair{2.f, 2.f}, {1.f, 3.f}, {0.5f, 0.7f}, {8.f, 0.4f}}) {
                makers.push_back([=](unsigned seed) {
                    int w = std::max(1, int(size.width * x)), h = std::max(1, int(size.height * y));
                    TestArguments a(seed);
                    a.image(spec.packing, size).f32(float(w) / size.width).f32(float(h) / size.height).i32(w).i32(h);
                    a.output_image(spec.packing, {w, h, size.channels, size.batch});
                    return a;
                });
            }
        }
        const bool device = spec.packing == Packing::planar && spec.coordinates == ResizeCoordinates::half_pixel;
        // Single-precision coordinates.
        check(spec, makers, 1e-4,
              device && (spec.mode == ResizeMode::linear || spec.rounding == NearestRounding::floor));
    }
}

TEST_CASE("elementwise functions") {
    for (int f = 0; f <= int(ElementwiseFunction::where); f++) {
        auto function = ElementwiseFunction(f);
        for (Packing packing : {Packing::c16, Packing::planar}) {
            if (packing == Packing::c16 &&
                (function == ElementwiseFunction::equal || function == ElementwiseFunction::where))
                continue;
            for (int broadcast : {0, 2}) {
                if (broadcast && operands_of(function) == 1) continue;
                std::vector<Maker> makers;
                for (const ImageSize& size : sizes) {
                    makers.push_back([=](unsigned seed) {
                        std::vector<int64_t> extents{channel_block, size.width, size.height, blocks(size.channels),
                                                     size.batch};
                        if (packing == Packing::planar)
                            extents = {size.width, size.height, size.channels, size.batch, 1};
                        TestArguments a(seed);
                        for (int i = 0; i < operands_of(function); i++) {
                            std::vector<int64_t> own = extents;
                            if ((broadcast >> i) & 1) own = std::vector<int64_t>{1, 1, 1, 1, 1};
                            if (function == ElementwiseFunction::where && i == 0) {
                                a.bytes(own, 2);
                            } else {
                                a.floats(own);
                            }
                            for (int d = 1; d < 5; d++) {
                                if (own[d] == 1) a.view(i).dims[d].stride = 0;
                                a.view(i).dims[d].extent = extents[d];
                            }
                        }
                        a.i32(packing == Packing::c16 ? size.channels : 0).f32(0.3f).f32(0.6f);
                        a.output(extents, function == ElementwiseFunction::equal ? ElementType::u8 : ElementType::f32);
                        return a;
                    });
                }
                using enum ElementwiseFunction;
                const bool device = packing == Packing::c16
                                        ? function == div
                                        : function == gelu || function == pow || function == equal ||
                                              function == where || (function == add && broadcast);
                check(ElementwiseSpec{ElementType::f32, packing, function, broadcast}, makers, 2e-6, device);
            }
        }
    }
}

TEST_CASE("copies through strided views") {
    for (int bytes : {1, 4, 8}) {
        ElementType type = bytes == 1 ? ElementType::u8 : bytes == 4 ? ElementType::f32 : ElementType::f64;
        for (bool strided : {false, true}) {
            for (bool scattered : {false, true}) {
                std::vector<Maker> makers;
                for (int64_t inner : {1, 7, 16, 70}) {
                    makers.push_back([=](unsigned seed) {
                        TestArguments a(seed);
                        std::vector<int64_t> extents{inner, 3, 2, 2, 1, 2};
                        std::vector<int64_t> source = extents;
                        source[0] *= 2;
                        // Contents are bytes whatever the type: a pattern of small numbers.
                        if (type == ElementType::f32) {
                            a.floats(source);
                        } else {
                            source[0] *= bytes;
                            a.bytes(source, 100);
                            source[0] /= bytes;
                            a.view(0).element = type;
                            for (int d = 1; d < 6; d++) a.view(0).dims[d].stride /= bytes;
                        }
                        a.view(0).dims[0].extent = inner;
                        if (strided) a.view(0).dims[0].stride = 2;
                        // The second dimension runs backwards.
                        a.view(0).data = static_cast<uint8_t*>(a.view(0).data) + 2 * a.view(0).dims[1].stride * bytes;
                        a.view(0).dims[1].stride *= -1;
                        if (scattered) {
                            a.output({inner * 3, 3, 2, 2, 1, 2}, type);
                            a.view(1).dims[0] = {0, inner, 3};
                        } else {
                            a.output(extents, type);
                        }
                        return a;
                    });
                }
                check(CopySpec{bytes, strided, scattered}, makers, 0, strided == scattered || bytes == 4);
            }
        }
    }
}

TEST_CASE("pack, unpack and fill") {
    std::vector<Maker> pack, unpack, fill;
    for (const ImageSize& size : sizes) {
        pack.push_back([=](unsigned seed) {
            TestArguments a(seed);
            a.image(Packing::planar, size).output_image(Packing::c16, size);
            return a;
        });
        unpack.push_back([=](unsigned seed) {
            TestArguments a(seed);
            a.image(Packing::c16, size).output_image(Packing::planar, size);
            return a;
        });
        fill.push_back([=](unsigned seed) {
            TestArguments a(seed);
            a.f32(-2.5f).output_image(Packing::c16, size);
            return a;
        });
    }
    check(PackSpec{}, pack, 0, true);
    check(UnpackSpec{}, unpack, 0, true);
    check(FillSpec{}, fill, 0, true);
}

TEST_CASE("rectangles of an image") {
    struct Which {
        int index, columns, rows, dilation;
    };
    std::vector<Maker> areas[2], unpacked;
    for (const ImageSize& size : sizes) {
        const ImageSize image{size.width, size.height, size.channels, size.batch + 1};
        for (const Which& w : {Which{3, 2, 3, 1}, {6 * image.batch - 1, 2, 3, 1}, {1, 1, 3, 3}, {4, 1, 5, 2}}) {
            const int step_x = size.width / w.columns + 1;
            const int step_y = size.height / (w.rows / w.dilation * w.dilation) + 1;
            const auto which = [=](TestArguments& a) {
                a.i32(w.index).i32(w.columns).i32(w.rows).i32(step_x).i32(step_y).i32(w.dilation);
            };
            for (Packing packing : {Packing::planar, Packing::c16})
                areas[packing == Packing::c16].push_back([=](unsigned seed) {
                    TestArguments a(seed);
                    a.image(Packing::planar, image);
                    which(a);
                    a.i32(3).i32(1).output_image(packing, {step_x + 5, step_y + 2, size.channels});
                    return a;
                });
            unpacked.push_back([=](unsigned seed) {
                TestArguments a(seed);
                a.image(Packing::c16, {step_x, step_y, size.channels});
                which(a);
                a.i32(size.width).i32(size.height).i32(size.channels).output_image(Packing::planar, image);
                return a;
            });
        }
    }
    check(AreaSpec{ElementType::f32, Packing::planar}, areas[0], 0, true);
    check(AreaSpec{ElementType::f32, Packing::c16}, areas[1], 0, true);
    check(UnpackAreaSpec{}, unpacked, 0, true);
}

TEST_CASE("pad") {
    for (PadMode mode : {PadMode::constant, PadMode::reflect, PadMode::edge, PadMode::wrap}) {
        std::vector<Maker> makers;
        for (const ImageSize& size : sizes) {
            for (int begin : {0, 1, 3}) {
                makers.push_back([=](unsigned seed) {
                    TestArguments a(seed);
                    a.image(Packing::planar, size).i32(begin).i32(begin).i32(0).i32(1).f32(0.5f);
                    a.output_image(Packing::planar,
                                   {size.width + begin + 2, size.height + begin, size.channels, size.batch + 1});
                    return a;
                });
            }
        }
        check(PadSpec{ElementType::f32, mode}, makers, 0, mode == PadMode::constant || mode == PadMode::reflect);
    }
}

TEST_CASE("depth to space") {
    for (bool crd : {false, true}) {
        std::vector<Maker> makers;
        for (int block : {1, 2, 3, 8}) {
            for (int width : {1, 5, 9}) {
                makers.push_back([=](unsigned seed) {
                    TestArguments a(seed);
                    a.image(Packing::planar, {width, 3, 3 * block * block, 2}).i32(block);
                    a.output_image(Packing::planar, {width * block, 3 * block, 3, 2});
                    return a;
                });
            }
        }
        check(DepthToSpaceSpec{ElementType::f32, crd}, makers, 0, crd);
    }
}

TEST_CASE("softmax, argmax, instance normalisation, casts") {
    std::vector<Maker> softmax, argmax, norm;
    for (int64_t inner : {1, 3, 16, 37}) {
        for (int64_t axis : {1, 2, 21}) {
            softmax.push_back([=](unsigned seed) {
                TestArguments a(seed);
                a.floats({inner, axis, 3}).output({inner, axis, 3});
                return a;
            });
            argmax.push_back([=](unsigned seed) {
                TestArguments a(seed);
                a.floats({inner, axis, 3});
                // Ties: few distinct values.
                float* data = static_cast<float*>(a.view(0).data);
                for (int64_t i = 0; i < inner * axis * 3; i++) data[i] = std::floor(data[i] * 2);
                a.output({inner, 3}, ElementType::i64);
                return a;
            });
            norm.push_back([=](unsigned seed) {
                TestArguments a(seed);
                a.floats({inner, axis, 2}).floats({axis}).floats({axis}).f32(1e-5f).output({inner, axis, 2});
                return a;
            });
        }
    }
    std::vector<Maker> scattered;
    for (int64_t inner : {1, 15, 16, 37, 150}) {
        for (int64_t axis : {1, 21}) {
            scattered.push_back([=](unsigned seed) {
                TestArguments a(seed);
                a.floats({inner, 11, 2, 3, 2, axis});
                float* data = static_cast<float*>(a.view(0).data);
                for (int64_t i = 0; i < inner * 11 * 12 * axis; i++) data[i] = std::floor(data[i] * 2);
                // Two pixels of each row and three rows lie between one another, as after depth to space.
                a.output({inner * 2, 11 * 3, 2}, ElementType::i64);
                auto& dims = a.view(1).dims;
                const auto x = dims[0].stride, y = dims[1].stride, n = dims[2].stride;
                dims = {{0, inner, 2 * x}, {0, 11, 3 * y}, {0, 2, x}, {0, 3, y}, {0, 2, n}};
                return a;
            });
        }
    }
    for (bool last : {false, true}) check(ArgmaxSpec{ElementType::f32, last, true}, scattered, 0, last);
    check(SoftmaxSpec{ElementType::f32, false}, softmax, 1e-5, true);
    check(SoftmaxSpec{ElementType::f32, true}, softmax);
    check(ArgmaxSpec{ElementType::f32, false}, argmax, 0, true);
    check(ArgmaxSpec{ElementType::f32, true}, argmax, 0);
    check(InstanceNormSpec{}, norm, 1e-5, true);
    for (ElementType to : {ElementType::i64, ElementType::i32, ElementType::boolean, ElementType::f64}) {
        std::vector<Maker> casts;
        for (int64_t n : {1, 5, 300}) {
            casts.push_back([=](unsigned seed) {
                TestArguments a(seed);
                a.floats({n});
                for (int64_t i = 0; i < n; i++) static_cast<float*>(a.view(0).data)[i] *= 3;
                a.output({n}, to);
                return a;
            });
        }
        check(CastSpec{ElementType::f32, to}, casts, 0, to == ElementType::i64 || to == ElementType::boolean);
    }
    std::vector<Maker> widen;
    widen.push_back([](unsigned seed) {
        TestArguments a(seed);
        a.bytes({100}, 256).output({100});
        return a;
    });
    check(CastSpec{ElementType::u8, ElementType::f32}, widen, 0);
}
