// What the import computes itself: arithmetic on shapes, also on shapes that depend on the input, and on constants.
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/compiler/onnx_model.h"

using namespace atrous;
using namespace atrous::test;

namespace {

using onnx::TensorProto;

// x (N,3,H,W) and y, half as large, as in every decoder.
OnnxBuilder decoder(int64_t opset = 13) {
    OnnxBuilder model(opset);
    model.input("x", {"N", int64_t{3}, "H", "W"})
        .node("MaxPool", {"x"}, {"small"},
              {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}, {"ceil_mode", int64_t{1}}});
    return model;
}

// The constant that a value added to x ends up as.
std::vector<float> folded(OnnxBuilder& model, const std::string& name) {
    model.input("data", {1}).node("Add", {"data", name}, {"sum"}).output("sum");
    const Network network = model.import();
    REQUIRE(network.nodes.size() == 1);
    const Value& value = network.values[network.nodes[0].inputs[1]];
    REQUIRE(value.constant);
    return value.constant->floats;
}

}  // namespace

// The arithmetic in front of each of U²-Net's 38 Resize nodes, as PyTorch 1.9 exports an upsample to another map's
// size.
TEST_CASE("U²-Net's Resize: sizes put together from two shapes") {
    OnnxBuilder model = decoder(11);
    model.integer("two", 2).integer("three", 3).integers("zeros", {0}).integers("twos", {2}).floats("empty", {0}, {});
    model.node("Shape", {"x"}, {"s1"})
        .node("Gather", {"s1", "two"}, {"h"}, {{"axis", int64_t{0}}})
        .node("Shape", {"x"}, {"s2"})
        .node("Gather", {"s2", "three"}, {"w"}, {{"axis", int64_t{0}}})
        .node("Unsqueeze", {"h"}, {"h1"}, {{"axes", Ints{0}}})
        .node("Unsqueeze", {"w"}, {"w1"}, {{"axes", Ints{0}}})
        .node("Concat", {"h1", "w1"}, {"hw"}, {{"axis", int64_t{0}}})
        .node("Shape", {"small"}, {"s3"})
        .node("Slice", {"s3", "zeros", "twos", "zeros"}, {"nc"})
        .node("Cast", {"hw"}, {"hw64"}, {{"to", int64_t{TensorProto::INT64}}})
        .node("Concat", {"nc", "hw64"}, {"sizes"}, {{"axis", int64_t{0}}})
        .node("Resize", {"small", "empty", "empty", "sizes"}, {"large"},
              {{"mode", std::string("linear")}, {"coordinate_transformation_mode", std::string("pytorch_half_pixel")}})
        .node("Concat", {"large", "x"}, {"y"}, {{"axis", int64_t{1}}})
        .output("y");
    CHECK(
        model.described() ==
        "max_pool kernel=[2,2] stride=[2,2] ceil_mode \"node_small\": x → small "
        "f32[N,3,floor((H + 1)/2),floor((W + 1)/2)]\n"
        "resize linear pytorch_half_pixel scale=[f32((H/floor((H + 1)/2))),f32((W/floor((W + 1)/2)))] \"node_large\": "
        "small → large f32[N,3,H,W]\n"
        "concat axis=1 \"node_y\": large, x → y f32[N,6,H,W]\n"
        "output y f32[N,6,H,W]\n");
}

TEST_CASE("scale factors that go through float arithmetic give whole sizes") {
    OnnxBuilder model = decoder();
    model.floats("twice", {1}, {2})
        .integers("axis", {0})
        .integers("from", {2})
        .integers("to", {4})
        .integers("first", {0});
    model.node("Shape", {"small"}, {"s"})
        .node("Slice", {"s", "from", "to", "axis"}, {"hw"})
        .node("Slice", {"s", "first", "from", "axis"}, {"nc"})
        .node("Cast", {"hw"}, {"real"}, {{"to", int64_t{TensorProto::FLOAT}}})
        .node("Mul", {"real", "twice"}, {"scaled"})
        .node("Floor", {"scaled"}, {"floored"})
        .node("Cast", {"floored"}, {"whole"}, {{"to", int64_t{TensorProto::INT64}}})
        .node("Concat", {"nc", "whole"}, {"sizes"}, {{"axis", int64_t{0}}})
        .node("Resize", {"small", "", "", "sizes"}, {"y"})
        .output("y");
    CHECK(model.shape() == "N,3,2*floor((H + 1)/2),2*floor((W + 1)/2)");
}

TEST_CASE("every operator of shape arithmetic, on numbers and on sizes") {
    const auto result = [](const std::string& op, const std::vector<std::string>& inputs,
                           const Attributes& attributes = {}) {
        OnnxBuilder model = decoder();
        model.integers("seven", {7})
            .integers("minus", {-7})
            .integers("two", {2})
            .integers("one", {1})
            .integers("index", {2});
        model.integer("zero", 0).floats("half", {1}, {0.5f});
        model.node("Shape", {"x"}, {"s"}).node("Gather", {"s", "index"}, {"h"});
        model.node("Cast", {"h"}, {"hf"}, {{"to", int64_t{TensorProto::FLOAT}}});
        model.node(op, inputs, {"r"}, attributes);
        model.node("Cast", {"r"}, {"r64"}, {{"to", int64_t{TensorProto::INT64}}});
        // The result as the first extent of a tensor.
        model.integers("minus_one", {-1}).node("Reshape", {"r64", "minus_one"}, {"flat"});
        model.node("Slice", {"flat", "first", "second"}, {"element"}).integers("first", {0}).integers("second", {1});
        model.node("ConstantOfShape", {"element"}, {"y"}).output("y");
        return model.shape();
    };
    CHECK(result("Add", {"h", "seven"}) == "H + 7");
    CHECK(result("Sub", {"h", "minus"}) == "H + 7");
    CHECK(result("Mul", {"h", "two"}) == "2*H");
    CHECK(result("Div", {"h", "two"}) == "floor(H/2)");
    CHECK(result("Mod", {"seven", "two"}) == "1");
    CHECK(result("Mod", {"minus", "two"}) == "1");
    CHECK(result("Max", {"h", "one"}) == "H");
    CHECK(result("Min", {"h", "seven"}) == "min(7, H)");
    CHECK(result("Neg", {"minus"}) == "7");
    CHECK(result("Abs", {"minus"}) == "7");
    CHECK(result("Sqrt", {"hf"}) == "floor(f32(sqrt(H)))");
    CHECK(result("Mul", {"hf", "half"}) == "floor(H/2)");
    CHECK(result("Ceil", {"hf"}) == "H");
    CHECK(result("Shape", {"x"}, {{"start", int64_t{2}}, {"end", int64_t{3}}}) == "H");
    CHECK(result("Size", {"x"}) == "3*H*N*W");
    CHECK(result("Squeeze", {"h"}) == "H");
    CHECK(result("Unsqueeze", {"h", "one"}) == "H");
    CHECK(result("Identity", {"h"}) == "H");
    CHECK(result("Flatten", {"h"}, {{"axis", int64_t{0}}}) == "H");
    CHECK(result("Expand", {"h", "two"}) == "H");
    CHECK(result("Transpose", {"h"}) == "H");
    CHECK(result("Gather", {"s", "index"}) == "H");
    CHECK(result("Concat", {"h", "two"}, {{"axis", int64_t{0}}}) == "H");
    CHECK(result("ReduceProd", {"s"}, {{"axes", Ints{0}}}) == "3*H*N*W");
    CHECK(result("Equal", {"h", "seven"}) == "(7 == H)");
}

TEST_CASE("a shape with -1 is completed, as PyTorch exports expand()") {
    OnnxBuilder model = decoder();
    model.integers("wanted", {-1, 3, -1, -1})
        .integers("ones_shape", {4})
        .integers("minus", {-1})
        .weights("c", {1, 3, 1, 1});
    model.node("ConstantOfShape", {"ones_shape"}, {"zeros"})
        .node("Shape", {"x"}, {"s"})
        .node("Equal", {"wanted", "minus"}, {"open"})
        .node("Where", {"open", "s", "wanted"}, {"shape"})
        .node("Expand", {"c", "shape"}, {"large"})
        .node("Add", {"x", "large"}, {"y"})
        .output("y");
    CHECK(model.described() ==
          "expand \"node_large\": c[1,3,1,1] → large f32[N,3,H,W]\n"
          "add \"node_y\": x, large → y f32[N,3,H,W]\n"
          "output y f32[N,3,H,W]\n");
}

TEST_CASE("Reshape with 0, −1 and sizes") {
    const auto reshaped = [](const Ints& shape, const std::vector<Dim>& dims = {"N", int64_t{6}, "H", "W"}) {
        OnnxBuilder model;
        model.input("x", dims).integers("shape", shape).node("Reshape", {"x", "shape"}, {"y"}).output("y");
        return model;
    };
    CHECK(reshaped({0, 2, 3, -1}).shape() == "N,2,3,H*W");
    CHECK(reshaped({0, 6, -1}).shape() == "N,6,H*W");
    CHECK(reshaped({-1}).shape() == "6*H*N*W");
    CHECK(reshaped({4, -1}, {1, 2, 4, 5}).shape() == "4,10");
    CHECK(reshaped({3, -1}, {1, 2, 4, 5}).error() ==
          "m.onnx: node \"node_y\" (Reshape): the elements of its input (40) must be divisible by those of its shape "
          "(3); "
          "export the model again");
    CHECK(reshaped({7, 5}, {1, 2, 4, 5}).error() ==
          "m.onnx: node \"node_y\" (Reshape): its input (1×2×4×5) and its shape (7×5) must have the same number of "
          "elements; "
          "export the model again");
    CHECK(reshaped({-1, -1}).error() ==
          "m.onnx: node \"node_y\" (Reshape): its shape has -1 twice, expected once; export the model again");
    const Network network = reshaped({0, 5, -1}).import();
    REQUIRE(network.constraints.size() == 1);
    CHECK(network.constraints[0].message ==
          "Reshape \"node_y\": the elements of its input (6*H*W) must be divisible by those of its shape (5)");
}

TEST_CASE("constants are folded") {
    OnnxBuilder model;
    model.floats("a", {2, 3}, {1, 2, 3, 4, 5, 6})
        .integers("shape", {-1})
        .integers("starts", {5})
        .integers("ends", {-100});
    model.integers("steps", {-2}).integers("axis", {0}).integers("picked", {2, -1, 0});
    SECTION("transposed") {
        model.node("Transpose", {"a"}, {"t"}).node("Reshape", {"t", "shape"}, {"c"});
        CHECK(folded(model, "c") == std::vector<float>{1, 4, 2, 5, 3, 6});
    }
    SECTION("sliced backwards") {
        model.node("Reshape", {"a", "shape"}, {"flat"})
            .node("Slice", {"flat", "starts", "ends", "axis", "steps"}, {"c"});
        CHECK(folded(model, "c") == std::vector<float>{6, 4, 2});
    }
    SECTION("gathered") {
        model.node("Reshape", {"a", "shape"}, {"flat"}).node("Gather", {"flat", "picked"}, {"c"});
        CHECK(folded(model, "c") == std::vector<float>{3, 6, 1});
    }
    SECTION("computed") {
        model.node("Mul", {"a", "a"}, {"b"})
            .node("Sqrt", {"b"}, {"d"})
            .node("Neg", {"d"}, {"e"})
            .node("Sub", {"e", "a"}, {"f"});
        model.node("Reshape", {"f", "shape"}, {"c"});
        CHECK(folded(model, "c") == std::vector<float>{-2, -4, -6, -8, -10, -12});
    }
    SECTION("concatenated and padded") {
        model.node("Concat", {"a", "a"}, {"b"}, {{"axis", int64_t{1}}}).node("Reshape", {"b", "shape"}, {"flat"});
        model.integers("pads", {1, 0}).node("Pad", {"flat", "pads"}, {"c"});
        CHECK(folded(model, "c") == std::vector<float>{0, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
    }
    SECTION("split") {
        model.node("Split", {"a"}, {"b", "last"}, {{"axis", int64_t{0}}}).node("Identity", {"last"}, {"c"});
        CHECK(folded(model, "c") == std::vector<float>{4, 5, 6});
    }
    SECTION("counted") {
        model.integer("from", 1).integer("limit", 8).integer("step", 3).node("Range", {"from", "limit", "step"}, {"r"});
        model.node("Cast", {"r"}, {"c"}, {{"to", int64_t{TensorProto::FLOAT}}});
        CHECK(folded(model, "c") == std::vector<float>{1, 4, 7});
    }
}

TEST_CASE("weights of every element type are read, raw and typed") {
    const auto read = [](TensorProto tensor) {
        OnnxBuilder model;
        tensor.set_name("t");
        tensor.add_dims(2);
        *model.model.mutable_graph()->add_initializer() = tensor;
        model.node("Cast", {"t"}, {"c"}, {{"to", int64_t{TensorProto::FLOAT}}});
        return folded(model, "c");
    };
    const auto raw = [&](TensorProto::DataType type, const std::string& bytes) {
        TensorProto tensor;
        tensor.set_data_type(type);
        tensor.set_raw_data(bytes);
        return read(tensor);
    };
    using namespace std::string_literals;
    CHECK(raw(TensorProto::FLOAT16, "\x00\x3e\x00\xc0"s) == std::vector<float>{1.5f, -2});
    CHECK(raw(TensorProto::FLOAT16, "\x01\x00\x00\x7c"s) == std::vector<float>{0x1p-24f, INFINITY});
    CHECK(raw(TensorProto::BFLOAT16, "\xc0\x3f\x00\xc0"s) == std::vector<float>{1.5f, -2});
    CHECK(raw(TensorProto::DOUBLE, "\0\0\0\0\0\0\xf8\x3f\0\0\0\0\0\0\0\xc0"s) == std::vector<float>{1.5f, -2});
    CHECK(raw(TensorProto::INT8, "\xff\x02"s) == std::vector<float>{-1, 2});
    CHECK(raw(TensorProto::UINT8, "\xff\x02"s) == std::vector<float>{255, 2});
    CHECK(raw(TensorProto::INT16, "\xfe\xff\x02\0"s) == std::vector<float>{-2, 2});
    CHECK(raw(TensorProto::INT32, "\xfe\xff\xff\xff\x02\0\0\0"s) == std::vector<float>{-2, 2});
    CHECK(raw(TensorProto::BOOL, "\0\x01"s) == std::vector<float>{0, 1});
    TensorProto half;
    half.set_data_type(TensorProto::FLOAT16);
    half.add_int32_data(0x3e00);
    half.add_int32_data(0xc000);
    CHECK(read(half) == std::vector<float>{1.5f, -2});
    TensorProto reals;
    reals.set_data_type(TensorProto::DOUBLE);
    reals.add_double_data(1.5);
    reals.add_double_data(-2);
    CHECK(read(reals) == std::vector<float>{1.5f, -2});
}

TEST_CASE("Constant in all its forms") {
    const auto constant = [](const std::string& name, const Attribute& value) {
        OnnxBuilder model;
        model.node("Constant", {}, {"k"}, {{name, value}});
        model.node("Cast", {"k"}, {"c"}, {{"to", int64_t{TensorProto::FLOAT}}});
        return folded(model, "c");
    };
    CHECK(constant("value", OnnxBuilder::float_tensor("", {2}, {3, 4})) == std::vector<float>{3, 4});
    CHECK(constant("value_float", 3.0f) == std::vector<float>{3});
    CHECK(constant("value_floats", std::vector<float>{3, 4}) == std::vector<float>{3, 4});
    CHECK(constant("value_int", int64_t{3}) == std::vector<float>{3});
    CHECK(constant("value_ints", Ints{3, 4}) == std::vector<float>{3, 4});
    OnnxBuilder text;
    text.node("Constant", {}, {"k"}, {{"value_string", std::string("x")}}).output("k");
    CHECK(text.error() ==
          "m.onnx: node \"node_k\" (Constant): attribute \"value_string\" is not supported, supported are value, "
          "value_float, "
          "value_floats, value_int and value_ints; export the model with dense numeric constants");
}

TEST_CASE("folding cannot be made to fill the memory") {
    OnnxBuilder model;
    model.integers("shape", {30000, 30000}).weights("row", {30000, 1}).weights("column", {1, 30000});
    SECTION("by one node") {
        model.node("Mul", {"row", "column"}, {"y"});
    }
    SECTION("by many") {
        model.weights("a", {1000, 1}).weights("b", {1, 1000});
        std::string last = "a";
        for (int i = 0; i < 200; ++i) {
            const std::string next = "m" + std::to_string(i);
            model.node("Add", {last, "b"}, {next});
            last = next;
        }
        model.node("Identity", {last}, {"y"});
    }
    SECTION("by a range") {
        model.integer("zero", 0).integer("end", int64_t{1} << 62).integer("one", 1);
        model.node("Range", {"zero", "end", "one"}, {"y"});
    }
    model.output("y");
    const std::string error = model.error();
    INFO(error);
    CHECK((error.find("folding constants would take more memory than the model's own weights justify") !=
               std::string::npos ||
           error.find("its result would have") != std::string::npos));
}
