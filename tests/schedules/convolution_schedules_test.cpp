// Every schedule of a convolution × odd shapes = the reference in double precision, and the unscheduled algorithm does
// too.
#include <catch2/catch.hpp>
#include <set>

#include "generators/dilated_conv.h"
#include "generators/transposed_conv.h"
#include "schedules/registry.h"
#include "tests/schedules/arguments.h"
#include "tests/schedules/device.h"
#include "tests/schedules/kernel_runner.h"

using namespace atrous;

namespace {

const std::vector<ImageSize> sizes{{1, 1, 0},  {2, 3, 0},     {3, 2, 0},  {5, 7, 0},
                                   {14, 3, 0}, {17, 5, 0, 2}, {29, 2, 0}, {41, 1, 0}};

bool takes(ElementwiseFunction function) {
    return function == ElementwiseFunction::prelu;
}

// The output size that a stride leaves of an input; the input is chosen so that every tap can be read.
int input_size(int out, int stride) {
    return (out - 1) * stride + 1;
}

template <class Spec>
TestArguments conv_arguments(const Spec& s, ImageSize out, int ci, int co, int groups, int dilation, int pad_left,
                             int pad_top, unsigned seed) {
    constexpr bool dense = std::is_same_v<Spec, ConvSpec>;
    bool c16 = s.packing == Packing::c16;
    ImageSize in{input_size(out.width, s.stride_x), input_size(out.height, s.stride_y), ci, out.batch};
    out.channels = co;
    int halo = c16 ? dilation * std::max(s.kernel_x, s.kernel_y) + std::max(pad_left, pad_top) : 0;
    TestArguments a(seed);
    a.image(s.packing, in, halo);
    bool blocked_filters = c16;
    if constexpr (dense) blocked_filters = c16 || s.blocked_filters;
    if (!dense) {
        c16 ? a.floats({channel_block, s.kernel_x, s.kernel_y, blocks(co)}) : a.floats({s.kernel_x, s.kernel_y, 1, co});
    } else if (blocked_filters) {
        a.conv_weights_c16(s.kernel_x, s.kernel_y, ci, co, groups);
    } else {
        a.floats({s.kernel_x, s.kernel_y, ci / groups, co});
    }
    auto per_channel = [&] { c16 ? a.floats({channel_block, blocks(co)}) : a.floats({co}); };
    per_channel();
    if (takes(s.activation)) per_channel();
    if (s.residual != Residual::none) a.image(s.packing, out);
    a.i32(dilation).i32(dilation).i32(pad_left).i32(pad_top);
    if (dense) a.i32(c16 ? blocks(co / groups) : co / groups);
    a.f32(0.1f).f32(0.7f).output_image(s.packing, out);
    return a;
}

struct ConvCase {
    int kernel_x, kernel_y, stride, dilation, pad_left, pad_top;
};
const std::vector<ConvCase> windows{{3, 3, 1, 1, 1, 1}, {3, 3, 1, 2, 2, 2}, {3, 3, 1, 18, 18, 18}, {1, 1, 1, 1, 0, 0},
                                    {5, 3, 2, 1, 2, 0}, {1, 7, 1, 3, 0, 9}, {4, 2, 3, 1, 1, 1}};

template <class Spec>
void check(const Spec& spec, const SizeHint& hint, const std::string& target, bool scheduled, int ci, int co,
           int groups, const std::vector<ConvCase>& cases) {
    CompiledKernel kernel(spec, hint, target, scheduled);
    INFO(kernel_name(spec, hint, target) << " for " << target << (scheduled ? "" : ", unscheduled"));
    const bool device = target.find("opencl") != std::string::npos;
    if (scheduled && !device) CHECK(kernel.undefined_symbols() == "halide_do_par_for ");
    unsigned seed = 1;
    for (const ConvCase& c : cases) {
        if (c.kernel_x != spec.kernel_x || c.kernel_y != spec.kernel_y || c.stride != spec.stride_x) continue;
        for (const ImageSize& size : sizes) {
            auto a = conv_arguments(spec, size, ci, co, groups, c.dilation, c.pad_left, c.pad_top, seed++);
            INFO(size.width << "×" << size.height << ", " << ci << "→" << co << " channels, groups " << groups
                            << ", dilation " << c.dilation);
            CHECK(a.compare(spec, [&](auto& args) { return kernel.run(args); }) == "");
        }
    }
}

template <class Spec>
Spec windowed(const ConvCase& c, Packing packing) {
    Spec s;
    s.packing = packing;
    s.kernel_x = c.kernel_x;
    s.kernel_y = c.kernel_y;
    s.stride_x = s.stride_y = c.stride;
    return s;
}

}  // namespace

TEST_CASE("dilated convolution: every window on every target") {
    for (const std::string& target : runnable_targets()) {
        for (size_t i = 0; i < windows.size(); i++) {
            // The first three share a kernel: dilation and padding are arguments.
            if (i == 1 || i == 2) continue;
            for (Packing packing : {Packing::c16, Packing::planar}) {
                auto spec = windowed<ConvSpec>(windows[i], packing);
                spec.activation = i % 2 ? ElementwiseFunction::identity : ElementwiseFunction::relu;
                check(spec, SizeHint{17, 5, 17, 33}, target, true, 17, 33, 1, windows);
            }
        }
    }
}

TEST_CASE("dilated convolution: every register tile, and channels that are no whole blocks") {
    std::vector<ConvCase> window{windows[0], windows[1]};
    for (const std::string& target : runnable_targets()) {
        std::vector<std::string> seen;
        for (int width : {0, 3, 5, 7, 8, 10, 12, 14, 16, 20}) {
            for (auto [ci, co] : {std::pair{3, 16}, {16, 32}, {40, 8}, {256, 1024}}) {
                auto spec = windowed<ConvSpec>(window[0], Packing::c16);
                SizeHint hint{width, width, ci, co};
                std::string name = kernel_name(spec, hint, target);
                if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
                seen.push_back(name);
                // The tile of large layers is tested on few channels: the hint never changes what is right.
                check(spec, hint, target, true, std::min(ci, 40), co == 1024 ? 64 : co, 1, window);
            }
        }
        CHECK(seen.size() >= 2);
    }
}

TEST_CASE("dilated convolution: groups, activations and residuals") {
    std::vector<ConvCase> window{windows[0], windows[1]};
    const std::string target = runnable_targets().back();
    auto grouped = windowed<ConvSpec>(window[0], Packing::c16);
    grouped.grouped = true;
    check(grouped, {17, 5, 32, 64}, target, true, 32, 64, 2, window);
    check(grouped, {17, 5, 48, 48}, target, true, 48, 48, 3, window);
    auto planar = windowed<ConvSpec>(window[0], Packing::planar);
    planar.grouped = true;
    check(planar, {}, target, true, 6, 9, 3, window);
    for (Packing packing : {Packing::c16, Packing::planar}) {
        for (auto activation : {ElementwiseFunction::prelu, ElementwiseFunction::leaky_relu, ElementwiseFunction::clip,
                                ElementwiseFunction::sigmoid, ElementwiseFunction::hard_swish}) {
            for (Residual residual : {Residual::none, Residual::before_activation, Residual::after_activation}) {
                if (residual == Residual::none && activation == ElementwiseFunction::leaky_relu) continue;
                auto spec = windowed<ConvSpec>(window[0], packing);
                spec.activation = activation;
                spec.residual = residual;
                check(spec, {}, target, true, 5, 18, 1, {windows[1]});
            }
        }
    }
}

TEST_CASE("dilated convolution on a device: every shape of a block of threads, every way to read the input") {
    const auto device = opencl_target();
    if (!device) return;
    const auto planar = [&](const ConvCase& window) {
        auto spec = windowed<ConvSpec>(window, Packing::planar);
        spec.blocked_filters = wants_blocked_filters(spec, *device);
        CHECK(spec.blocked_filters);
        return spec;
    };
    auto spec = planar(windows[0]);
    std::vector<std::string> seen;
    // Widths and channels that fill tiles, and others that do not.
    for (auto [hint, ci, co] : {std::tuple{SizeHint{}, 19, 33},
                                {SizeHint{16, 0, 0, 12}, 33, 12},
                                {SizeHint{8, 0, 0, 8}, 3, 8},
                                {SizeHint{8, 0, 0, 3}, 8, 5}}) {
        seen.push_back(kernel_name(spec, hint, *device));
        check(spec, hint, *device, true, ci, co, 1, windows);
        spec.activation = ElementwiseFunction::prelu;
        spec.residual = Residual::before_activation;
    }
    CHECK(std::set(seen.begin(), seen.end()).size() == 4);
    for (size_t i : {3, 4}) check(planar(windows[i]), {}, *device, true, 40, 7, 1, windows);
    check(windowed<ConvSpec>(windows[6], Packing::c16), {}, *device, true, 20, 17, 1, windows);
    auto grouped = windowed<ConvSpec>(windows[5], Packing::planar);
    grouped.grouped = true;
    check(grouped, {}, *device, true, 6, 9, 3, windows);
    // Filters that are too large for the memory of a block.
    const ConvCase large{33, 3, 1, 1, 16, 1};
    check(planar(large), {}, *device, true, 2, 3, 1, {large});
}

TEST_CASE("depthwise convolution") {
    for (Packing packing : {Packing::c16, Packing::planar}) {
        for (size_t i : {0, 4, 5}) {
            for (const std::string& target : runnable_targets(packing == Packing::planar && i != 5)) {
                auto spec = windowed<DepthwiseConvSpec>(windows[i], packing);
                spec.activation = i == 0 ? ElementwiseFunction::clip : ElementwiseFunction::identity;
                spec.residual = i == 4 ? Residual::after_activation : Residual::none;
                check(spec, {}, target, true, 19, 19, 19, windows);
            }
        }
    }
}

TEST_CASE("depthwise convolution, several outputs a pixel") {
    for (int widening : {4, 8, 16}) {
        for (const std::string& target : runnable_targets(widening == 4)) {
            for (bool scheduled : {true, false}) {
                if (!scheduled && target != runnable_targets().back()) continue;
                DepthwiseConvSpec spec;
                spec.kernel_x = 3;
                spec.kernel_y = 2;
                spec.widening = widening;
                spec.activation = widening == 4 ? ElementwiseFunction::prelu : ElementwiseFunction::identity;
                spec.residual = widening == 16 ? Residual::before_activation : Residual::none;
                CompiledKernel compiled(spec, {}, target, scheduled);
                unsigned seed = 1;
                for (int width : {1, 3, 4, 9, 32}) {
                    for (int pad : {-1, 0, 1, 3}) {
                        TestArguments a(seed++);
                        const std::vector<int64_t> out{widening, width, 5, 3, 2};
                        a.image(Packing::planar, {width, 5, 3, 2}, 3).floats({widening, 3, 2, 3}).floats({3});
                        if (widening == 4) a.floats({3});
                        if (widening == 16) a.floats(out);
                        a.i32(1).i32(1).i32(pad).i32(1).f32(0).f32(0).output(out);
                        INFO(name_of(spec) << " width " << width << " pad " << pad);
                        CHECK(a.compare(spec, [&](auto& args) { return compiled.run(args); }) == "");
                    }
                }
            }
        }
    }
}

TEST_CASE("unscheduled convolutions equal the reference") {
    const std::string target = runnable_targets().back();
    for (Packing packing : {Packing::c16, Packing::planar}) {
        check(windowed<ConvSpec>(windows[0], packing), {}, target, false, 17, 20, 1, {windows[1]});
        check(windowed<DepthwiseConvSpec>(windows[4], packing), {}, target, false, 5, 5, 5, windows);
    }
    auto blocked_filters = windowed<ConvSpec>(windows[0], Packing::planar);
    blocked_filters.blocked_filters = true;
    for (bool scheduled : {true, false}) check(blocked_filters, {}, target, scheduled, 17, 20, 1, {windows[1]});
}

TEST_CASE("transposed convolution by phases, planar") {
    struct Case {
        int kernel, stride, dilation, pad, output_padding, groups;
    };
    for (auto [kernel, stride] : {std::pair{4, 2}, {2, 2}, {3, 2}, {3, 1}, {1, 3}, {5, 4}}) {
        for (const std::string& target : runnable_targets(kernel == 4 || stride == 1)) {
            for (bool scheduled : {true, false}) {
                if (!scheduled && target != runnable_targets().back()) continue;
                TransposedConvSpec spec;
                spec.kernel_x = spec.kernel_y = kernel;
                spec.stride_x = spec.stride_y = stride;
                spec.activation = kernel == 3 ? ElementwiseFunction::prelu : ElementwiseFunction::relu;
                spec.residual = kernel == 2 ? Residual::before_activation : Residual::none;
                CompiledKernel compiled(spec, {}, target, scheduled);
                unsigned seed = 1;
                for (auto [dilation, pad, output_padding, groups] :
                     {std::tuple{1, 0, 0, 1}, {1, 1, 1, 1}, {2, 1, 0, 2}, {3, 0, stride - 1, 2}, {4, 2, 0, 1}}) {
                    for (ImageSize in : {ImageSize{1, 1, 4}, {3, 2, 4, 2}, {9, 4, 4}, {23, 1, 4}}) {
                        auto size = [&](int n) {
                            return static_cast<int>(
                                transposed_conv_size(n, kernel, stride, dilation, pad, pad, output_padding));
                        };
                        ImageSize out{size(in.width), size(in.height), 10, in.batch};
                        if (out.width < 1 || out.height < 1) continue;
                        TestArguments a(seed++);
                        a.image(Packing::planar, in).floats({kernel, kernel, 10 / groups, 4}).floats({10});
                        if (takes(spec.activation)) a.floats({10});
                        if (spec.residual != Residual::none) a.image(Packing::planar, out);
                        a.i32(dilation).i32(dilation).i32(pad).i32(pad).i32(4 / groups).i32(10 / groups).f32(0).f32(0);
                        a.output_image(Packing::planar, out);
                        INFO(name_of(spec) << (scheduled ? "" : " unscheduled") << " dilation " << dilation << " pad "
                                           << pad << " input " << in.width << "×" << in.height);
                        CHECK(a.compare(spec, [&](auto& args) { return compiled.run(args); }) == "");
                    }
                }
            }
        }
    }
}

TEST_CASE("convolution to a few channels, from blocks to planes") {
    for (auto [kernel_x, kernel_y, stride, activation] : {std::tuple{3, 3, 1, ElementwiseFunction::sigmoid},
                                                          {1, 1, 1, ElementwiseFunction::identity},
                                                          {2, 5, 2, ElementwiseFunction::prelu}}) {
        for (const std::string& target : runnable_targets(stride == 2)) {
            const NarrowConvSpec spec{ElementType::f32, kernel_x, kernel_y, stride, stride, activation};
            for (bool scheduled : {true, false}) {
                CompiledKernel kernel(spec, {}, target, scheduled);
                INFO(name_of(spec) << " for " << target << (scheduled ? "" : ", unscheduled"));
                unsigned seed = 1;
                for (const ImageSize& size : sizes) {
                    for (auto [ci, co, dilation] : {std::tuple{16, 1, 1}, {33, 3, 4}}) {
                        const ImageSize in{input_size(size.width, stride), input_size(size.height, stride), ci,
                                           size.batch};
                        ImageSize out = size;
                        out.channels = co;
                        TestArguments a(seed++);
                        a.image(Packing::c16, in, dilation * std::max(kernel_x, kernel_y) + 1);
                        a.floats({channel_block, kernel_x, kernel_y, blocks(ci), co}).floats({co});
                        if (takes(activation)) a.floats({co});
                        a.i32(dilation).i32(dilation).i32(1).i32(dilation).f32(0.1f).f32(0.7f);
                        a.output_image(Packing::planar, out);
                        INFO(size.width << "×" << size.height << ", " << ci << "→" << co);
                        CHECK(a.compare(spec, [&](auto& args) { return kernel.run(args); }) == "");
                    }
                }
            }
        }
    }
}

TEST_CASE("transposed convolutions, all phases at once") {
    struct Window {
        int kernel_x, kernel_y, stride_x, stride_y, pad;
    };
    for (const Window& w : {Window{2, 2, 2, 2, 0}, {3, 3, 2, 2, 1}, {4, 3, 4, 3, 0}, {5, 2, 2, 1, 1}, {1, 2, 3, 2, 0}})
        for (const std::string& target : runnable_targets(w.kernel_x == 3))
            for (bool scheduled : {true, false}) {
                if (!scheduled && target != runnable_targets().back()) continue;
                PhasedConvSpec spec{ElementType::f32, w.kernel_x, w.kernel_y, w.stride_x, w.stride_y, w.pad, w.pad};
                spec.activation = w.kernel_x == 3 ? ElementwiseFunction::prelu : ElementwiseFunction::relu;
                spec.residual = w.kernel_x == 4 ? Residual::after_activation : Residual::none;
                CompiledKernel compiled(spec, {}, target, scheduled);
                const bool device = target.find("opencl") != std::string::npos;
                INFO(name_of(spec) << " for " << target << (scheduled ? "" : ", unscheduled"));
                if (scheduled && !device) CHECK(compiled.undefined_symbols() == "halide_do_par_for ");
                unsigned seed = 1;
                const int filters = phased_filters(w.stride_x);
                for (auto [width, ci, co] : {std::tuple{1, 3, 1}, {7, 17, 9}, {17, 5, 8}, {32, 4, 12}, {45, 6, 21}}) {
                    TestArguments a(seed++);
                    a.image(Packing::planar, {width, 3, ci, 2}, 36);
                    a.floats({filters, w.kernel_x, ci, w.kernel_y, (co + filters - 1) / filters}).floats({co});
                    const std::vector<int64_t> out{w.stride_x, width, w.stride_y, 3, co, 2};
                    if (takes(spec.activation)) a.floats({co});
                    if (spec.residual != Residual::none) a.floats(out);
                    a.f32(0).f32(0).output(out, ElementType::f32, {0, 2, 1, 1, 1, 1});
                    INFO("width " << width << ", " << ci << "→" << co);
                    CHECK(a.compare(spec, [&](auto& args) { return compiled.run(args); }) == "");
                }
            }
}

TEST_CASE("deep sums are made in parts, also where the channels are no whole number of them") {
    for (const std::string& target : runnable_targets()) {
        const auto spec = windowed<ConvSpec>(windows[3], Packing::c16);
        const SizeHint hint{65, 65, 256, 64};
        if (kernel_name(spec, hint, target).find("d8") == std::string::npos) continue;  // not for every target
        for (int ci : {16, 128, 300}) check(spec, hint, target, true, ci, 64, 1, {windows[3]});
        check(spec, hint, target, true, 160, 48, 1, {windows[3]});  // no whole number of register tiles
    }
}

TEST_CASE("convolutions keep their accumulators in registers") {
    // A stack reference inside the inner loop is a spilled accumulator: several times slower.
    struct Machine {
        std::string multiply, stack, jump;
        unsigned accumulators;
    };
    const auto machine = [](const std::string& target) -> Machine {
        if (target.starts_with("arm")) return {"fmla", "[sp", "\tb", 24};
        const bool fused = target.find("fma") != std::string::npos;
        if (target.find("avx512") != std::string::npos) return {"vfmadd231ps", "(%rsp", "\tj", 20};
        return fused ? Machine{"vfmadd231ps", "(%rsp", "\tj", 12} : Machine{"mulps", "(%rsp", "\tj", 8};
    };
    const auto conv3x3 = windowed<ConvSpec>(windows[0], Packing::c16);
    const auto conv1x1 = windowed<ConvSpec>(windows[3], Packing::c16);
    const PhasedConvSpec upsampling{ElementType::f32, 3, 3, 2, 2, 1, 1};
    const std::pair<KernelSpec, SizeHint> kernels[] = {{conv3x3, {320, 320, 64, 64}},
                                                       {conv1x1, {65, 65, 1024, 256}},
                                                       {BatchedGemmSpec{}, {12, 0, 256, 256}},
                                                       {upsampling, {128, 4, 64, 64}}};
    for (const std::string& target : runnable_targets())
        for (const auto& [spec, hint] : kernels) {
            if (std::holds_alternative<PhasedConvSpec>(spec) && most_phased_taps(target) == 0) continue;  // not called
            CompiledKernel kernel(spec, hint, target);
            const auto [multiply, stack, jump, accumulators] = machine(target);
            // Basic blocks end at labels and jumps; look at those with many multiplications.
            int hot = 0;
            std::string block;
            std::istringstream lines(kernel.assembly());
            for (std::string line; std::getline(lines, line);) {
                block += line + "\n";
                bool ends = line.find(':') != std::string::npos || line.starts_with(jump);
                if (!ends) continue;
                size_t count = 0, at = 0;
                while ((at = block.find(multiply, at)) != std::string::npos) count++, at++;
                if (count >= accumulators) {
                    hot++;
                    INFO(kernel_name(spec, hint, target) << " for " << target << "\n" << block);
                    CHECK(block.find(stack) == std::string::npos);
                }
                block.clear();
            }
            INFO(kernel_name(spec, hint, target) << " for " << target);
            CHECK(hot > 0);
        }
}
