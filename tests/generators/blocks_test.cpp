// Generators made of several operators, and those that only move elements, against a reference in double precision.
#include <catch2/catch.hpp>

#include "tests/generators/generator_run.h"

using namespace atrous;
using Halide::Buffer;

namespace {

using Image = Buffer<double, 4>;  // (x, y, c, n)

Image widened(const Buffer<float>& from) {
    Image to(from.dim(0).extent(), from.dim(1).extent(), from.dim(2).extent(), from.dim(3).extent());
    const auto source = from.as<float, 4>();
    to.for_each_element([&](int x, int y, int c, int n) { to(x, y, c, n) = source(x, y, c, n); });
    return to;
}

// Convolution with "same" padding, without activation.
Image convolved(const Image& in, const Buffer<float>& weights, const Buffer<float>& bias, int rate) {
    const auto w = weights.as<float, 4>();
    int kernel = w.dim(0).extent(), pad = rate * (kernel - 1) / 2;
    Image out(in.width(), in.height(), w.dim(3).extent(), in.dim(3).extent());
    out.for_each_element([&](int x, int y, int co, int n) {
        double sum = bias.as<float, 1>()(co);
        for (int ci = 0; ci < in.channels(); ci++) {
            for (int ky = 0; ky < kernel; ky++) {
                for (int kx = 0; kx < kernel; kx++) {
                    int sx = x + kx * rate - pad, sy = y + ky * rate - pad;
                    if (sx < 0 || sy < 0 || sx >= in.width() || sy >= in.height()) continue;
                    sum += in(sx, sy, ci, n) * static_cast<double>(w(kx, ky, ci, co));
                }
            }
        }
        out(x, y, co, n) = sum;
    });
    return out;
}

Image relu(Image x) {
    x.for_each_value([](double& v) { v = std::max(v, 0.); });
    return x;
}

Buffer<> narrowed(const Image& from) {
    Buffer<float, 4> to(from.width(), from.height(), from.channels(), from.dim(3).extent());
    to.for_each_element([&](int x, int y, int c, int n) { to(x, y, c, n) = static_cast<float>(from(x, y, c, n)); });
    return to;
}

struct Size {
    int width, height;
};

// Layers with the given channels (before the first, after each).
GeneratorRun layers(Size size, const std::vector<int>& channels, const std::string& rates, int batch) {
    GeneratorRun a;
    a.params["rates"] = rates;
    a.floats = {{"alpha", 0.f}, {"beta", 0.f}};
    a.buffers["input"] = random_buffer({size.width, size.height, channels[0], batch}, 11);
    for (size_t i = 1; i < channels.size(); i++) {
        std::string number = std::to_string(i - 1);
        a.buffers["weights_" + number] = random_buffer({3, 3, channels[i - 1], channels[i]}, 20 + i);
        a.buffers["bias_" + number] = random_buffer({channels[i]}, 30 + i);
    }
    a.output = {size.width, size.height, channels.back(), batch};
    return a;
}

void check(const std::string& name, const GeneratorRun& a, const Image& expected) {
    for (const char* kind : {"", "_scheduled"}) {
        CAPTURE(name, kind, a.output[0], a.output[1]);
        CHECK(difference(narrowed(expected), run(name + kind, a)) == "");
    }
}

}  // namespace

TEST_CASE("dilated_conv_stack") {
    for (Size size : {Size{1, 1}, {13, 7}, {29, 17}}) {
        GeneratorRun a = layers(size, {3, 20, 5}, "1,4", 2);
        Image first = relu(convolved(widened(a.buffers["input"]), a.buffers["weights_0"], a.buffers["bias_0"], 1));
        check("dilated_conv_stack", a, relu(convolved(first, a.buffers["weights_1"], a.buffers["bias_1"], 4)));
    }
}

TEST_CASE("hdc_block") {
    for (Size size : {Size{1, 1}, {13, 7}, {29, 17}}) {
        GeneratorRun a = layers(size, {18, 6, 24, 18}, "1,2,5", 1);
        Image input = widened(a.buffers["input"]);
        Image first = relu(convolved(input, a.buffers["weights_0"], a.buffers["bias_0"], 1));
        Image second = relu(convolved(first, a.buffers["weights_1"], a.buffers["bias_1"], 2));
        Image sum = convolved(second, a.buffers["weights_2"], a.buffers["bias_2"], 5);
        sum.for_each_element([&](int x, int y, int c, int n) { sum(x, y, c, n) += input(x, y, c, n); });
        check("hdc_block", a, relu(sum));
    }
}

TEST_CASE("aspp") {
    for (bool pooled : {true, false}) {
        for (Size size : {Size{1, 1}, {19, 7}}) {
            GeneratorRun a;
            a.params = {{"rates", "3,6"}, {"pooled", pooled ? "true" : "false"}};
            a.floats = {{"alpha", 0.f}, {"beta", 0.f}};
            a.buffers["input"] = random_buffer({size.width, size.height, 19, 2}, 1);
            struct Branch {
                int kernel, rate, channels;
            };
            std::vector<Branch> branches{{1, 1, 3}, {3, 3, 17}, {3, 6, 4}};
            if (pooled) branches.push_back({1, 1, 2});
            a.output = {size.width, size.height, pooled ? 26 : 24, 2};

            Image input = widened(a.buffers["input"]), expected(a.output), mean(size.width, size.height, 19, 2);
            mean.for_each_element([&](int x, int y, int c, int n) {
                mean(x, y, c, n) = 0;
                for (int v = 0; v < size.height; v++) {
                    for (int u = 0; u < size.width; u++) mean(x, y, c, n) += input(u, v, c, n);
                }
                mean(x, y, c, n) /= size.width * size.height;
            });
            int begin = 0;
            for (size_t i = 0; i < branches.size(); i++) {
                Branch b = branches[i];
                Buffer<float> weights = random_buffer({b.kernel, b.kernel, 19, b.channels}, 40 + i);
                Buffer<float> bias = random_buffer({b.channels}, 50 + i);
                a.buffers["weights_" + std::to_string(i)] = weights;
                a.buffers["bias_" + std::to_string(i)] = bias;
                Image out = relu(convolved(i == 3 ? mean : input, weights, bias, b.rate));
                out.for_each_element(
                    [&](int x, int y, int c, int n) { expected(x, y, begin + c, n) = out(x, y, c, n); });
                begin += b.channels;
            }
            check("aspp", a, expected);
        }
    }
}

TEST_CASE("concat puts one input after the other") {
    GeneratorRun a;
    a.buffers["input_0"] = random_buffer({5, 3, 2, 1}, 1);
    a.buffers["input_1"] = random_buffer({5, 3, 4, 1}, 2);
    a.output = {5, 3, 6, 1};
    Image expected(5, 3, 6, 1), first = widened(a.buffers["input_0"]), second = widened(a.buffers["input_1"]);
    expected.for_each_element(
        [&](int x, int y, int c, int n) { expected(x, y, c, n) = c < 2 ? first(x, y, c, n) : second(x, y, c - 2, n); });
    check("concat", a, expected);
}

TEST_CASE("slice steps through its input") {
    GeneratorRun a;
    a.buffers["input"] = random_buffer({20, 7, 3, 1}, 1);
    a.ints = {{"begin_x", 1}, {"begin_y", 6}, {"begin_c", 2}, {"begin_n", 0},
              {"step_x", 2},  {"step_y", -2}, {"step_c", 1},  {"step_n", 1}};
    a.output = {9, 4, 1, 1};
    Image expected(9, 4, 1, 1), input = widened(a.buffers["input"]);
    expected.for_each_element(
        [&](int x, int y, int c, int n) { expected(x, y, c, n) = input(1 + 2 * x, 6 - 2 * y, 2 + c, n); });
    check("slice", a, expected);
}

TEST_CASE("softmax adds up to one over the channels") {
    GeneratorRun a;
    a.params["function"] = "softmax";
    a.floats = {{"alpha", 0.f}, {"beta", 0.f}};
    a.buffers["input"] = random_buffer({9, 3, 5, 2}, 1);
    a.output = {9, 3, 5, 2};
    Image input = widened(a.buffers["input"]), expected(9, 3, 5, 2);
    expected.for_each_element([&](int x, int y, int c, int n) {
        double sum = 0;
        for (int k = 0; k < 5; k++) sum += std::exp(input(x, y, k, n));
        expected(x, y, c, n) = std::exp(input(x, y, c, n)) / sum;
    });
    check("activations", a, expected);
}

TEST_CASE("argmax takes the first of equals") {
    GeneratorRun a;
    a.buffers["input"] = Buffer<float>(1, 1, 4, 1);
    float values[] = {1, 3, 3, 2};
    for (int c = 0; c < 4; c++) a.buffers["input"].as<float, 4>()(0, 0, c, 0) = values[c];
    a.output = {1, 1, 1};
    for (const char* name : {"argmax", "argmax_scheduled"}) {
        a.params["select_last"] = "false";
        CHECK(run(name, a).as<int64_t, 3>()(0, 0, 0) == 1);
        a.params["select_last"] = "true";
        CHECK(run(name, a).as<int64_t, 3>()(0, 0, 0) == 2);
    }
}
