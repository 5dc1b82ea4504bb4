// The sizes of everything that moves a window: per axis, against the formulas of the operators' definitions.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/compiler/onnx_model.h"

using namespace atrous;
using namespace atrous::test;

namespace {

Attributes window(Ints kernel, Ints strides, Ints dilations, Ints pads) {
    return {{"kernel_shape", kernel}, {"strides", strides}, {"dilations", dilations}, {"pads", pads}};
}

OnnxBuilder conv(const std::vector<Dim>& input, const Ints& weights, Attributes attributes, const char* op = "Conv") {
    OnnxBuilder model;
    model.input("x", input).weights("w", weights).node(op, {"x", "w"}, {"y"}, attributes).output("y");
    return model;
}

const std::vector<Dim> image{"N", int64_t{3}, "H", "W"};

}  // namespace

TEST_CASE("same padding keeps H×W at every rate") {
    for (const int64_t kernel : {1, 3, 5, 7}) {
        for (const int64_t rate : {1, 2, 3, 4, 5, 6, 8, 12, 18, 24, 36}) {
            const int64_t pad = rate * (kernel - 1) / 2;
            INFO("kernel " << kernel << ", rate " << rate);
            CHECK(conv(image, {8, 3, kernel, kernel},
                       window({kernel, kernel}, {1, 1}, {rate, rate}, {pad, pad, pad, pad}))
                      .shape() == "N,8,H,W");
            CHECK(conv(image, {8, 3, kernel, kernel},
                       {{"dilations", Ints{rate, rate}}, {"auto_pad", std::string("SAME_UPPER")}})
                      .shape() == "N,8,H,W");
        }
    }
}

TEST_CASE("convolution sizes, each axis on its own") {
    struct Row {
        Ints kernel, strides, dilations, pads;
        const char *free, *fixed;  // for H×W, and for 33×20
    };
    const Row rows[] = {
        {{3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}, "N,8,H - 2,W - 2", "1,8,31,18"},
        {{3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, "N,8,floor((H + 1)/2),floor((W + 1)/2)", "1,8,17,10"},
        {{3, 1}, {2, 1}, {3, 1}, {3, 0, 3, 0}, "N,8,floor((H + 1)/2),W", "1,8,17,20"},
        {{2, 5}, {2, 3}, {1, 2}, {0, 4, 1, 4}, "N,8,floor((H + 1)/2),floor((W + 2)/3)", "1,8,17,7"},
        {{4, 4}, {4, 4}, {1, 1}, {0, 0, 0, 0}, "N,8,floor(H/4),floor(W/4)", "1,8,8,5"},
        {{1, 7}, {1, 1}, {1, 2}, {0, 6, 0, 6}, "N,8,H,W", "1,8,33,20"},
    };
    for (const Row& row : rows) {
        const Ints weights{8, 3, row.kernel[0], row.kernel[1]};
        const Attributes attributes = window(row.kernel, row.strides, row.dilations, row.pads);
        CHECK(conv(image, weights, attributes).shape() == row.free);
        CHECK(conv({1, 3, 33, 20}, weights, attributes).shape() == row.fixed);
    }
}

TEST_CASE("automatic padding of a convolution becomes numbers, or a Pad where the size is free") {
    const Attributes upper{{"strides", Ints{2, 2}}, {"auto_pad", std::string("SAME_UPPER")}};
    const Attributes lower{{"strides", Ints{2, 2}}, {"auto_pad", std::string("SAME_LOWER")}};
    CHECK(conv({1, 3, 32, 33}, {8, 3, 3, 3}, upper).described() ==
          "conv kernel=[3,3] stride=[2,2] pads=[0,1][1,1] \"node_y\": x, w[8,3,3,3] → y f32[1,8,16,17]\n"
          "output y f32[1,8,16,17]\n");
    CHECK(conv({1, 3, 32, 33}, {8, 3, 3, 3}, lower).described() ==
          "conv kernel=[3,3] stride=[2,2] pads=[1,1][0,1] \"node_y\": x, w[8,3,3,3] → y f32[1,8,16,17]\n"
          "output y f32[1,8,16,17]\n");
    CHECK(conv(image, {8, 3, 3, 3}, {{"auto_pad", std::string("VALID")}}).shape() == "N,8,H - 2,W - 2");
    const Network free = conv(image, {8, 3, 3, 3}, upper).import();
    REQUIRE(free.nodes.size() == 2);
    const auto& pad = std::get<PadOp>(free.nodes[0].op);
    CHECK(OnnxBuilder::shape_of(free) == "N,8,floor((H + 1)/2),floor((W + 1)/2)");
    for (const int64_t h : {1, 2, 7, 8}) {
        const auto dim = [&](uint32_t, uint32_t) { return h; };
        const int64_t total = std::max<int64_t>((h + 1) / 2 * 2 - 2 + 3 - h, 0);
        CHECK(pad.begin[2].evaluate(dim) == static_cast<double>(total / 2));
        CHECK(pad.end[2].evaluate(dim) == static_cast<double>(total - total / 2));
    }
}

TEST_CASE("transposed convolution sizes: (H − 1)·s − 2p + d·(k − 1) + output_padding + 1") {
    struct Row {
        Ints kernel, strides, dilations, pads, output_padding;
        const char *free, *fixed;  // for H×W, and for 5×7
    };
    const Row rows[] = {
        {{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, {0, 0}, "N,4,2*H,2*W", "1,4,10,14"},
        {{4, 4}, {2, 2}, {1, 1}, {1, 1, 1, 1}, {0, 0}, "N,4,2*H,2*W", "1,4,10,14"},
        {{3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, {1, 1}, "N,4,2*H,2*W", "1,4,10,14"},
        {{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, {0, 0}, "N,4,H,W", "1,4,5,7"},
        {{3, 5}, {3, 2}, {2, 1}, {0, 1, 1, 2}, {2, 0}, "N,4,3*H + 3,2*W", "1,4,18,14"},
        {{8, 1}, {4, 1}, {1, 1}, {2, 0, 2, 0}, {0, 0}, "N,4,4*H,W", "1,4,20,7"},
        {{1, 1}, {5, 5}, {1, 1}, {0, 0, 0, 0}, {4, 0}, "N,4,5*H,5*W - 4", "1,4,25,31"},
    };
    for (const Row& row : rows) {
        Attributes attributes = window(row.kernel, row.strides, row.dilations, row.pads);
        attributes.emplace_back("output_padding", row.output_padding);
        const Ints weights{3, 4, row.kernel[0], row.kernel[1]};
        CHECK(conv(image, weights, attributes, "ConvTranspose").shape() == row.free);
        CHECK(conv({1, 3, 5, 7}, weights, attributes, "ConvTranspose").shape() == row.fixed);
    }
}

TEST_CASE("transposed convolution: output_shape and auto_pad become pads") {
    const auto described = [](Attributes attributes) {
        attributes.emplace_back("strides", Ints{2, 2});
        return conv({1, 3, 5, 5}, {3, 4, 3, 3}, attributes, "ConvTranspose").described();
    };
    const std::string end = " \"node_y\": x, w[3,4,3,3] → y f32[1,4,";
    CHECK(described({{"output_shape", Ints{10, 9}}}).find("pads=[1,1][0,1]" + end + "10,9]") != std::string::npos);
    CHECK(described({{"output_shape", Ints{10, 9}}, {"auto_pad", std::string("SAME_UPPER")}})
              .find("pads=[0,1][1,1]" + end + "10,9]") != std::string::npos);
    CHECK(described({{"auto_pad", std::string("SAME_UPPER")}}).find("pads=[0,0][1,1]" + end + "10,10]") !=
          std::string::npos);
    CHECK(described({{"auto_pad", std::string("SAME_LOWER")}}).find("pads=[1,1][0,0]" + end + "10,10]") !=
          std::string::npos);
    CHECK(described({{"output_shape", Ints{13, 12}}}).find("output_padding=[2,1]" + end + "13,12]") !=
          std::string::npos);
    CHECK(conv(image, {3, 4, 2, 2}, {{"strides", Ints{2, 2}}, {"auto_pad", std::string("SAME_UPPER")}}, "ConvTranspose")
              .shape() == "N,4,2*H,2*W");
}

TEST_CASE("grouped and one-dimensional convolutions") {
    CHECK(conv({"N", int64_t{8}, "H", "W"}, {8, 1, 3, 3}, {{"group", int64_t{8}}}).shape() == "N,8,H - 2,W - 2");
    CHECK(conv({"N", int64_t{8}, "H", "W"}, {8, 3, 1, 1}, {{"group", int64_t{4}}}, "ConvTranspose").shape() ==
          "N,12,H,W");
    CHECK(conv({"N", int64_t{3}, "L"}, {8, 3, 5}, {{"strides", Ints{2}}, {"pads", Ints{2, 2}}}).described() ==
          "conv kernel=[1,5] stride=[1,2] pads=[0,2][0,2] \"node_y\": x, %1[8,3,1,5] → y f32[N,8,floor((L + 1)/2)]\n"
          "output y f32[N,8,floor((L + 1)/2)]\n");
}

TEST_CASE("pooling sizes, rounded down and up") {
    const auto pooled = [](const char* op, Dim size, int64_t kernel, int64_t stride, int64_t pad, bool ceil) {
        OnnxBuilder model;
        model.input("x", {1, 2, size, 64})
            .node(op, {"x"}, {"y"},
                  {{"kernel_shape", Ints{kernel, 1}},
                   {"strides", Ints{stride, 1}},
                   {"pads", Ints{pad, 0, pad, 0}},
                   {"ceil_mode", int64_t{ceil}}})
            .output("y");
        return model.import().values[model.import().outputs[0]].shape[2];
    };
    CHECK(pooled("MaxPool", "H", 2, 2, 0, false).text() == "floor(H/2)");
    CHECK(pooled("MaxPool", "H", 2, 2, 0, true).text() == "floor((H + 1)/2)");
    CHECK(pooled("MaxPool", "H", 3, 2, 1, false).text() == "floor((H + 1)/2)");
    CHECK(pooled("AveragePool", "H", 3, 1, 1, false).text() == "H");
    // With ceil_mode a window must begin inside the input or the padding before it.
    for (int64_t size = 3; size < 30; ++size) {
        for (const int64_t kernel : {2, 3, 4}) {
            for (const int64_t stride : {1, 2, 3, 5}) {
                for (const int64_t pad : {0, 1}) {
                    int64_t expected = (size + 2 * pad - kernel + stride - 1) / stride + 1;
                    if ((expected - 1) * stride >= size + pad) --expected;
                    if (size + 2 * pad < kernel) continue;
                    INFO(size << " " << kernel << " " << stride << " " << pad);
                    CHECK(pooled("MaxPool", size, kernel, stride, pad, true) == Size(expected));
                    CHECK(pooled("MaxPool", "H", kernel, stride, pad, true).evaluate([&](uint32_t, uint32_t) {
                        return size;
                    }) == static_cast<double>(expected));
                }
            }
        }
    }
}

TEST_CASE("automatic padding of a pool whose size is free") {
    OnnxBuilder model;
    model.input("x", image)
        .node("MaxPool", {"x"}, {"y"},
              {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"auto_pad", std::string("SAME_UPPER")}})
        .output("y");
    const Network network = model.import();
    CHECK(std::get<PadOp>(network.nodes[0].op).value == -std::numeric_limits<float>::infinity());
    CHECK(OnnxBuilder::shape_of(network) == "N,3,floor((H + 1)/2),floor((W + 1)/2)");
    model.model.mutable_graph()->mutable_node(0)->set_op_type("AveragePool");
    CHECK(model.error() ==
          "m.onnx: node \"node_y\" (AveragePool): auto_pad with a stride above 1 depends on the model's input size, "
          "which "
          "is free; declare the input's height and width, or use pads");
}

TEST_CASE("windows that cannot be are refused") {
    const auto error = [](Attributes attributes, const char* op = "Conv", const Ints& weights = {8, 3, 3, 3}) {
        return conv({1, 3, 5, 5}, weights, attributes, op).error();
    };
    const std::string conv_node = "m.onnx: node \"node_y\" (Conv): ";
    CHECK(error({{"strides", Ints{0, 1}}}) ==
          conv_node + "strides has 0, expected 1 to 1048576; export the model again");
    CHECK(error({{"dilations", Ints{1, int64_t{1} << 40}}}) ==
          conv_node + "dilations has 1099511627776, expected 1 to 1048576; export the model again");
    CHECK(error({{"pads", Ints{1, 1, -1, 1}}}) ==
          conv_node + "pads has -1, expected 0 to 1048576; export the model again");
    CHECK(error({{"pads", Ints{1, 1}}}) == conv_node + "pads has 2 entries, expected 4; export the model again");
    CHECK(error({{"kernel_shape", Ints{2, 2}}}) ==
          conv_node + "kernel_shape does not fit the shape of the weights; export the model again");
    CHECK(error({{"dilations", Ints{3, 1}}}) ==
          conv_node + "height of the output (-1) must be at least 1; export the model again");
    CHECK(error({{"group", int64_t{3}}}) ==
          conv_node + "its 8 output channels cannot be divided into 3 groups; export the model again");
    CHECK(error({{"group", int64_t{0}}}) == conv_node + "group is 0, expected 1 or more; export the model again");
    CHECK(error({}, "Conv", {8, 4, 3, 3}) ==
          conv_node + "its input \"x\" has 3 channels, its weights are for 4; export the model again");
    CHECK(error({{"strides", std::string("2")}}) ==
          conv_node + "attribute \"strides\" has type STRING, expected INTS; export the model again");
    CHECK(error({{"auto_pad", std::string("SAME")}}) ==
          conv_node + "auto_pad is \"SAME\", expected NOTSET, VALID, SAME_UPPER or SAME_LOWER; export the model again");
    CHECK(error({{"pads", Ints{3, 0, 0, 0}}, {"kernel_shape", Ints{3, 3}}}, "MaxPool") ==
          "m.onnx: node \"node_y\" (MaxPool): it has 2 inputs, expected 1; export the model again");
    OnnxBuilder volume;
    volume.input("x", {1, 3, 8, 8, 8}).weights("w", {4, 3, 3, 3, 3}).node("Conv", {"x", "w"}, {"y"}).output("y");
    CHECK(volume.error() == conv_node +
                                "kernel_shape has 3 dimensions, supported are 1 and 2; use a model for images or "
                                "signals");
    OnnxBuilder free = conv(image, {3, 4, 3, 3}, {{"output_shape", Ints{10, 10}}}, "ConvTranspose");
    CHECK(free.error() ==
          "m.onnx: node \"node_y\" (ConvTranspose): output_shape gives a fixed size, but the size of its input depends "
          "on "
          "the model's input; use pads instead of output_shape, or declare the model's input size");
}

TEST_CASE("an output that may vanish is a requirement on the input") {
    const Network network = conv(image, {8, 3, 5, 3}, {}).import();
    REQUIRE(network.constraints.size() == 2);
    CHECK(network.constraints[0].message == "Conv \"node_y\": height of the output (H - 4) must be at least 1");
    const auto holds = [&](int64_t h) {
        return network.constraints[0].condition.evaluate([=](uint32_t, uint32_t) { return h; });
    };
    CHECK(holds(4) == 0);
    CHECK(holds(5) == 1);
}
