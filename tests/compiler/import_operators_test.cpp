// The operators that move no window: what each becomes in the network, at the opsets that differ.
#include <catch2/catch.hpp>

#include "tests/compiler/onnx_model.h"

using namespace atrous;
using namespace atrous::test;

namespace {

const std::vector<Dim> image{"N", int64_t{4}, "H", "W"};

// One node on x, its description without the output's line.
std::string one(const std::string& op, const std::vector<std::string>& more, const Attributes& attributes,
                OnnxBuilder model, const std::vector<Dim>& dims = image) {
    std::vector<std::string> inputs{"x"};
    inputs.insert(inputs.end(), more.begin(), more.end());
    model.input("x", dims).node(op, inputs, {"y"}, attributes).output("y");
    const std::string error = model.error();
    if (error != "no error") return error;
    const std::string text = model.described();
    return text.substr(0, text.rfind("output y"));
}
std::string one(const std::string& op, const Attributes& attributes = {}, int64_t opset = 17) {
    return one(op, {}, attributes, OnnxBuilder(opset));
}

std::string on_image(const std::string& attributes, const std::string& operands = "x") {
    return attributes + " \"node_y\": " + operands + " → y f32[N,4,H,W]\n";
}

}  // namespace

TEST_CASE("activations") {
    for (const auto& [op, name] : std::vector<std::pair<const char*, const char*>>{{"Relu", "relu"},
                                                                                   {"Sigmoid", "sigmoid"},
                                                                                   {"Tanh", "tanh"},
                                                                                   {"HardSwish", "hard_swish"},
                                                                                   {"Softplus", "softplus"},
                                                                                   {"Neg", "neg"},
                                                                                   {"Sqrt", "sqrt"},
                                                                                   {"Exp", "exp"},
                                                                                   {"Log", "log"},
                                                                                   {"Erf", "erf"},
                                                                                   {"Floor", "floor"},
                                                                                   {"Ceil", "ceil"},
                                                                                   {"Abs", "abs"},
                                                                                   {"Reciprocal", "reciprocal"}})
        CHECK(one(op) == on_image(name));
    CHECK(one("LeakyRelu") == on_image("leaky_relu alpha=0.01 beta=0"));
    CHECK(one("LeakyRelu", {{"alpha", 0.5f}}) == on_image("leaky_relu alpha=0.5 beta=0"));
    CHECK(one("HardSigmoid") == on_image("hard_sigmoid alpha=0.2 beta=0.5"));
    CHECK(one("Elu") == on_image("elu alpha=1 beta=0"));
    CHECK(one("Gelu", {}, 20) == on_image("gelu"));
    CHECK(one("Gelu", {{"approximate", std::string("tanh")}}, 20) == on_image("gelu_tanh"));
    CHECK(one("Swish", {}, 24) == on_image("silu"));
    CHECK(one("PRelu", {"s"}, {}, OnnxBuilder().weights("s", {4, 1, 1})) == on_image("prelu", "x, s[4,1,1]"));
    CHECK(one("Sign") ==
          "m.onnx: node \"node_y\" (Sign): the operator is supported on constants and shapes only, its input is "
          "computed from the data; express it with other operators; docs/onnx_operators.md lists those that are "
          "supported");
}

TEST_CASE("Clip takes its limits from attributes or constants") {
    CHECK(one("Clip", {{"min", 0.0f}, {"max", 6.0f}}, 7) == on_image("clip alpha=0 beta=6"));
    CHECK(one("Clip", {{"min", 0.0f}}, 7) == on_image("relu"));
    CHECK(one("Clip", {"", "six"}, {}, OnnxBuilder().floats("six", {}, {6})) ==
          on_image("clip alpha=-3.40282e+38 beta=6"));
    CHECK(one("Clip", {"zero"}, {}, OnnxBuilder().floats("zero", {}, {0})) == on_image("relu"));
    CHECK(one("Clip", {"low"}, {}, OnnxBuilder().input("low", {})) ==
          "m.onnx: node \"node_y\" (Clip): its input \"min\" (\"low\") is computed from the data, supported are "
          "constants and "
          "arithmetic on shapes; simplify the model (fold its constants) before compiling it");
}

TEST_CASE("broadcasting") {
    const auto sum = [](const std::vector<Dim>& a, const std::vector<Dim>& b) {
        OnnxBuilder model;
        model.input("a", a).input("b", b).node("Add", {"a", "b"}, {"y"}).output("y");
        const std::string error = model.error();
        if (error != "no error") return error;
        const Network network = model.import();
        return OnnxBuilder::shape_of(network) +
               (network.constraints.empty() ? "" : " " + network.constraints.back().message);
    };
    CHECK(sum({"N", 4, "H", "W"}, {4, 1, 1}) == "N,4,H,W");
    CHECK(sum({1, 4, 1, "W"}, {"N", 1, "H", 1}) == "N,4,H,W");
    CHECK(sum({}, {2, 3}) == "2,3");
    CHECK(sum({2, "A"}, {2, 3}) == "2,3 Add \"node_y\": features of \"a\" (A) and features of \"b\" (3) must be equal");
    CHECK(sum({2, 4}, {2, 3}) ==
          "m.onnx: node \"node_y\" (Add): features of \"a\" (4) and features of \"b\" (3) must be equal; "
          "export the model again");
    OnnxBuilder many;
    many.input("a", {2}).input("b", {2}).input("c", {1}).node("Max", {"a", "b", "c"}, {"y"}).output("y");
    CHECK(many.described() == "max \"node_y\": a, b → %3 f32[2]\nmax \"node_y\": %3, c → y f32[2]\noutput y f32[2]\n");
}

TEST_CASE("BatchNormalization is a factor and a summand per channel") {
    OnnxBuilder model;
    model.input("x", {"N", 2, "H", "W"});
    model.floats("scale", {2}, {2, 3})
        .floats("bias", {2}, {1, -1})
        .floats("mean", {2}, {4, 0})
        .floats("var", {2}, {3, 8});
    model.node("BatchNormalization", {"x", "scale", "bias", "mean", "var"}, {"y"}, {{"epsilon", 1.0f}}).output("y");
    const Network network = model.import();
    REQUIRE(network.nodes.size() == 2);
    const Value& factor = network.values[network.nodes[0].inputs[1]];
    const Value& summand = network.values[network.nodes[1].inputs[1]];
    CHECK(factor.shape == std::vector<Size>{2, 1, 1});
    CHECK(factor.constant->floats == std::vector<float>{1, 1});
    CHECK(summand.constant->floats == std::vector<float>{-3, -1});
    model.model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->set_name("training_mode");
    model.model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->set_type(onnx::AttributeProto::INT);
    model.model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->set_i(1);
    CHECK(model.error() ==
          "m.onnx: node \"node_y\" (BatchNormalization): training_mode is 1, supported is inference; export the "
          "model in evaluation mode");
}

TEST_CASE("Softmax until opset 12 runs over everything from its axis on") {
    CHECK(one("Softmax", {{"axis", int64_t{1}}}, 13) == on_image("softmax axis=1"));
    CHECK(one("LogSoftmax", {}, 13) == on_image("log_softmax axis=3"));
    CHECK(one("Softmax", {{"axis", int64_t{-1}}}, 11) == on_image("softmax axis=3"));
    CHECK(one("Softmax", {}, 11) ==
          "reshape \"node_y\": x → %1 f32[N,4*H*W]\nsoftmax axis=1 \"node_y\": %1 → %2 f32[N,4*H*W]\n" +
              on_image("reshape", "%2"));
    CHECK(one("Softmax", {}, {}, OnnxBuilder(11), {2, 5, 1, 1}) == "softmax axis=1 \"node_y\": x → y f32[2,5,1,1]\n");
}

TEST_CASE("reductions over any axes are global pools") {
    CHECK(one("ReduceMean", {{"axes", Ints{2, 3}}}) == "global_average_pool \"node_y\": x → y f32[N,4,1,1]\n");
    CHECK(one("ReduceMean", {{"axes", Ints{-1, -2}}, {"keepdims", int64_t{0}}}) ==
          "global_average_pool drop_dims \"node_y\": x → y f32[N,4]\n");
    CHECK(one("ReduceMean", {"axes"}, {}, OnnxBuilder(18).integers("axes", {2, 3})) ==
          "global_average_pool \"node_y\": x → y f32[N,4,1,1]\n");
    CHECK(one("ReduceMean", {"axes"}, {{"noop_with_empty_axes", int64_t{1}}}, OnnxBuilder(18).integers("axes", {})) ==
          on_image("identity").replace(10, 6, "x"));
    CHECK(one("ReduceMax", {{"axes", Ints{1}}}) ==
          "transpose perm=[0,2,3,1] \"node_y\": x → %1 f32[N,H,W,4]\n"
          "reshape \"node_y\": %1 → %2 f32[1,H*N*W,4]\n"
          "global_max_pool drop_dims \"node_y\": %2 → %3 f32[1,H*N*W]\n"
          "reshape \"node_y\": %3 → y f32[N,1,H,W]\n");
}

TEST_CASE("ArgMax") {
    CHECK(one("ArgMax", {{"axis", int64_t{1}}}) == "argmax axis=1 \"node_y\": x → y i64[N,1,H,W]\n");
    CHECK(one("ArgMax", {{"axis", int64_t{-3}}, {"keepdims", int64_t{0}}, {"select_last_index", int64_t{1}}}) ==
          "argmax axis=1 drop_dims last \"node_y\": x → y i64[N,H,W]\n");
    CHECK(one("ArgMax", {{"axis", int64_t{4}}}) ==
          "m.onnx: node \"node_y\" (ArgMax): axis is 4, expected -4 to 3; export the model again");
}

TEST_CASE("Gemm and MatMul with constant weights") {
    const auto gemm = [](const Attributes& attributes, const Ints& weights, const Ints& bias) {
        return one("Gemm", {"w", "c"}, attributes, OnnxBuilder().weights("w", weights).weights("c", bias), {"N", 3});
    };
    CHECK(gemm({}, {3, 5}, {5}) == "linear \"node_y\": x, w[3,5], %2[5] → y f32[N,5]\n");
    CHECK(gemm({{"transB", int64_t{1}}}, {5, 3}, {1}) == "linear \"node_y\": x, %1[3,5], %2[5] → y f32[N,5]\n");
    CHECK(gemm({}, {4, 5}, {5}) ==
          "m.onnx: node \"node_y\" (Gemm): the columns of \"x\" (3) and the rows of its weights (4) must "
          "be equal; export the model again");
    OnnxBuilder scaled;
    scaled.input("x", {1, 2}).floats("w", {2, 2}, {1, 2, 3, 4}).floats("c", {2}, {5, 6});
    scaled.node("Gemm", {"x", "w", "c"}, {"y"}, {{"alpha", 2.0f}, {"beta", 3.0f}, {"transB", int64_t{1}}}).output("y");
    const Network network = scaled.import();
    CHECK(network.values[network.nodes[0].inputs[1]].constant->floats == std::vector<float>{2, 6, 4, 8});
    CHECK(network.values[network.nodes[0].inputs[2]].constant->floats == std::vector<float>{15, 18});
    CHECK(one("MatMul", {"w"}, {}, OnnxBuilder().weights("w", {3, 5}), {"N", "L", 3}) ==
          "reshape \"node_y\": x → %2 f32[L*N,3]\n"
          "linear \"node_y\": %2, w[3,5] → %3 f32[L*N,5]\n"
          "reshape \"node_y\": %3 → y f32[N,L,5]\n");
    CHECK(one("MatMul", {"b"}, {}, OnnxBuilder().input("b", {3, 5}), {"N", 3}) ==
          "m.onnx: node \"node_y\" (MatMul): its input \"b\" is computed from the data, supported are constant "
          "weights; use a "
          "model whose matrix products have constant weights");
}

TEST_CASE("Concat, and what its inputs must have in common") {
    OnnxBuilder model;
    model.input("x", image).node("MaxPool", {"x"}, {"p"}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}});
    model.integers("none", {}).floats("scales", {4}, {1, 1, 2, 2});
    model.node("Resize", {"p", "", "scales"}, {"a"}).node("Concat", {"a", "x"}, {"cat_3"}, {{"axis", int64_t{1}}});
    model.output("cat_3");
    const Network network = model.import();
    REQUIRE(network.constraints.size() == 4);
    CHECK(network.constraints[2].message ==
          "Concat \"node_cat_3\": height of \"a\" (2*floor(H/2)) and \"x\" (H) must be equal");
    CHECK(OnnxBuilder::shape_of(network) == "N,8,2*floor(H/2),2*floor(W/2)");
}

TEST_CASE("Split") {
    const auto split = [](OnnxBuilder model, const std::vector<std::string>& more, const Attributes& attributes,
                          int outputs) {
        std::vector<std::string> inputs{"x"}, names;
        inputs.insert(inputs.end(), more.begin(), more.end());
        for (int i = 0; i < outputs; ++i) names.push_back("y" + std::to_string(i));
        model.input("x", {1, 7, "H", 8}).node("Split", inputs, names, attributes);
        for (const std::string& name : names) model.output(name);
        const std::string error = model.error();
        if (error != "no error") return error;
        std::string text;
        for (size_t i = 0; i < names.size(); ++i) text += model.shape(i) + " ";
        return text;
    };
    CHECK(split(OnnxBuilder(11), {}, {{"axis", int64_t{1}}, {"split", Ints{2, 5}}}, 2) == "1,2,H,8 1,5,H,8 ");
    CHECK(split(OnnxBuilder().integers("s", {2, 5}), {"s"}, {{"axis", int64_t{1}}}, 2) == "1,2,H,8 1,5,H,8 ");
    CHECK(split(OnnxBuilder(18), {}, {{"axis", int64_t{1}}, {"num_outputs", int64_t{3}}}, 3) ==
          "1,3,H,8 1,3,H,8 1,1,H,8 ");
    CHECK(split(OnnxBuilder(), {}, {{"axis", int64_t{3}}}, 4) == "1,7,H,2 1,7,H,2 1,7,H,2 1,7,H,2 ");
    CHECK(split(OnnxBuilder(), {}, {{"axis", int64_t{2}}}, 2) == "1,7,floor(H/2),8 1,7,H - floor(H/2),8 ");
    CHECK(split(OnnxBuilder(), {}, {{"axis", int64_t{1}}}, 2) ==
          "m.onnx: node \"node_y0\" (Split): channels of \"x\" (7) must be a multiple of 2; export the model again");
    CHECK(split(OnnxBuilder().integers("s", {2, 6}), {"s"}, {{"axis", int64_t{1}}}, 2) ==
          "m.onnx: node \"node_y0\" (Split): channels of \"x\" (7) and the sum of split (8) must be equal; export the "
          "model "
          "again");
}

TEST_CASE("Slice, forwards and backwards, at both opsets") {
    const auto sliced = [](const Ints& starts, const Ints& ends, const Ints& axes, const Ints& steps,
                           const std::vector<Dim>& dims = image) {
        OnnxBuilder model;
        model.integers("b", starts).integers("e", ends).integers("a", axes).integers("s", steps);
        return one("Slice", {"b", "e", "a", "s"}, {}, model, dims);
    };
    constexpr int64_t most = INT64_MAX, least = INT64_MIN;
    CHECK(one("Slice", {{"starts", Ints{1}}, {"ends", Ints{3}}, {"axes", Ints{1}}}, 9) ==
          "slice begin=[0,1,0,0] step=[1,1,1,1] \"node_y\": x → y f32[N,2,H,W]\n");
    CHECK(sliced({0}, {most}, {2}, {2}) ==
          "slice begin=[0,0,0,0] step=[1,1,2,1] \"node_y\": x → y f32[N,4,floor((H + 1)/2),W]\n");
    CHECK(sliced({-1}, {least}, {3}, {-1}) ==
          "slice begin=[0,0,0,W - 1] step=[1,1,1,-1] \"node_y\": x → y f32[N,4,H,W]\n");
    CHECK(sliced({1, 0}, {-1, most}, {2, 3}, {1, 1})
              .find("slice begin=[0,0,1,0] step=[1,1,1,1] \"node_y\": x → y "
                    "f32[N,4,H - 2,W]\n") == 0);
    CHECK(sliced({-3, 7}, {most, 2}, {2, 3}, {1, -2}, {1, 1, 10, 10}) ==
          "slice begin=[0,0,7,7] step=[1,1,1,-2] \"node_y\": x → y f32[1,1,3,3]\n");
    CHECK(sliced({0, 0}, {most, 99}, {0, 1}, {1, 1}) == "identity \"x\": x → y f32[N,4,H,W]\n");
    CHECK(sliced({0}, {0}, {1}, {1}) ==
          "m.onnx: node \"node_y\" (Slice): channels of the output (0) must be at least 1; export the model again");
    CHECK(sliced({0}, {1}, {1}, {0}) ==
          "m.onnx: node \"node_y\" (Slice): steps has 0, expected a small number other than 0; export the model again");
    CHECK(sliced({0}, {1}, {5}, {1}) ==
          "m.onnx: node \"node_y\" (Slice): axes is 5, expected -4 to 3; export the model again");
    CHECK(sliced({0, 0}, {1, 1}, {1, 1}, {1, 1}) ==
          "m.onnx: node \"node_y\" (Slice): axes has 1 twice, expected distinct axes; export the model again");
}

TEST_CASE("Gather of few known places is a slice of each") {
    CHECK(one("Gather", {"i"}, {{"axis", int64_t{1}}}, OnnxBuilder().integer("i", -1)) ==
          "slice begin=[0,3,0,0] step=[1,1,1,1] \"node_y\": x → %1 f32[N,1,H,W]\nreshape \"node_y\": %1 → y "
          "f32[N,H,W]\n");
    CHECK(one("Gather", {"i"}, {{"axis", int64_t{1}}}, OnnxBuilder().integers("i", {2, 0})) ==
          "slice begin=[0,2,0,0] step=[1,1,1,1] \"node_y\": x → %1 f32[N,1,H,W]\n"
          "slice begin=[0,0,0,0] step=[1,1,1,1] \"node_y\": x → %2 f32[N,1,H,W]\n"
          "concat axis=1 \"node_y\": %1, %2 → y f32[N,2,H,W]\n");
    CHECK(one("Gather", {"i"}, {{"axis", int64_t{1}}}, OnnxBuilder().integer("i", 4)) ==
          "m.onnx: node \"node_y\" (Gather): index 4 must lie inside channels of \"x\" (4); export the model again");
}

TEST_CASE("Pad, with attributes and inputs, and negative pads that crop") {
    CHECK(one("Pad", {{"pads", Ints{0, 0, 1, 2, 0, 0, 3, 4}}, {"value", 2.0f}}, 10) ==
          "pad constant begin=[0,0,1,2] end=[0,0,3,4] value=2 \"node_y\": x → y f32[N,4,H + 4,W + 6]\n");
    CHECK(one("Pad", {"p", "", "a"}, {{"mode", std::string("edge")}},
              OnnxBuilder(18).integers("p", {1, 2}).integers("a", {-1})) ==
          "pad edge begin=[0,0,0,1] end=[0,0,0,2] \"node_y\": x → y f32[N,4,H,W + 3]\n");
    CHECK(one("Pad", {"p"}, {}, OnnxBuilder().integers("p", {0, 0, -1, 0, 0, 0, 2, 0}), {1, 1, 9, 9}) ==
          "slice begin=[0,0,1,0] step=[1,1,1,1] \"node_y\": x → %1 f32[1,1,8,9]\n"
          "pad constant begin=[0,0,0,0] end=[0,0,2,0] \"node_y\": %1 → y f32[1,1,10,9]\n");
    CHECK(one("Pad", {"p"}, {}, OnnxBuilder().integers("p", {0, 0, 0, 0, 0, 0, 0, 0})) ==
          "identity \"x\": x → y f32[N,4,H,W]\n");
    CHECK(one("Pad", {"p"}, {{"mode", std::string("reflect")}}, OnnxBuilder().integers("p", {0, 0, 3, 0, 0, 0, 0, 0}),
              {1, 1, 3, 3}) ==
          "m.onnx: node \"node_y\" (Pad): its pads (3) must be at most 2 on height of \"x\" in this mode; "
          "export the model again");
    CHECK(one("Pad", {"p"}, {{"mode", std::string("mirror")}}, OnnxBuilder().integers("p", {0, 0, 3, 0, 0, 0, 0, 0})) ==
          "m.onnx: node \"node_y\" (Pad): mode is \"mirror\", expected constant, reflect, edge or wrap; export the "
          "model again");
}

TEST_CASE("Resize and Upsample at every opset that differs") {
    const auto scaled = [](int64_t opset, const std::vector<float>& scales, const Attributes& attributes = {},
                           const std::vector<Dim>& dims = image) {
        OnnxBuilder model(opset);
        model.floats("s", {static_cast<int64_t>(scales.size())}, scales);
        std::vector<std::string> inputs{"s"};
        if (opset >= 11) inputs.insert(inputs.begin(), "");
        return one("Resize", inputs, attributes, model, dims);
    };
    const std::string larger = "\"node_y\": x → y f32[N,4,2*H,2*W]\n", doubled = " scale=[2,2] " + larger;
    CHECK(scaled(10, {1, 1, 2, 2}) == "resize nearest asymmetric floor" + doubled);
    CHECK(scaled(10, {1, 1, 0.5f, 0.5f}, {}, {1, 1, 6, 6}) ==
          "resize nearest asymmetric ceil scale=[0.5,0.5] \"node_y\": x → y f32[1,1,3,3]\n");
    CHECK(scaled(11, {1, 1, 2, 2}) == "resize nearest half_pixel round_prefer_floor" + doubled);
    CHECK(scaled(13, {1, 1, 2, 2},
                 {{"mode", std::string("linear")}, {"coordinate_transformation_mode", std::string("align_corners")}}) ==
          "resize linear align_corners" + doubled);
    CHECK(scaled(18, {2, 2}, {{"axes", Ints{3, 2}}, {"nearest_mode", std::string("ceil")}}) ==
          "resize nearest half_pixel ceil" + doubled);
    CHECK(scaled(19, {1, 1, 2, 2}, {{"coordinate_transformation_mode", std::string("half_pixel_symmetric")}}) ==
          "resize nearest half_pixel round_prefer_floor" + doubled);
    CHECK(scaled(17, {1, 1, 0.7f, 1.3f}, {}, {1, 1, 10, 10}) ==
          "resize nearest half_pixel round_prefer_floor scale=[0.699999988079071,1.2999999523162842] \"node_y\": x → y "
          "f32[1,1,7,13]\n");
    CHECK(one("Upsample", {{"scales", std::vector<float>{1, 1, 2, 2}}, {"mode", std::string("linear")}}, 7) ==
          "resize linear asymmetric" + doubled);
    CHECK(one("Upsample", {"s"}, {}, OnnxBuilder(9).floats("s", {4}, {1, 1, 2, 2})) ==
          "resize nearest asymmetric floor" + doubled);
    const auto sized = [](const std::string& policy) {
        return one("Resize", {"", "", "s"}, {{"axes", Ints{2, 3}}, {"keep_aspect_ratio_policy", policy}},
                   OnnxBuilder(18).integers("s", {7, 8}), {1, 1, 2, 4});
    };
    CHECK(sized("stretch").find("[1,1,7,8]") != std::string::npos);
    CHECK(sized("not_larger").find("scale=[2,2] \"node_y\": x → y f32[1,1,4,8]") != std::string::npos);
    CHECK(sized("not_smaller").find("scale=[3.5,3.5] \"node_y\": x → y f32[1,1,7,14]") != std::string::npos);

    const std::string node = "m.onnx: node \"node_y\" (Resize): ";
    CHECK(scaled(13, {1, 1, 2, 2}, {{"mode", std::string("cubic")}}) ==
          node + "mode is \"cubic\", supported are nearest and linear; export the model with one of these");
    CHECK(scaled(13, {1, 1, 2, 2}, {{"coordinate_transformation_mode", std::string("tf_crop_and_resize")}}) ==
          node +
              "coordinate_transformation_mode is \"tf_crop_and_resize\", supported are half_pixel, pytorch_half_pixel, "
              "align_corners and asymmetric; export the model with one of these");
    CHECK(scaled(18, {1, 1, 0.5f, 0.5f}, {{"antialias", int64_t{1}}}) ==
          node + "antialias is 1, supported is 0; export the model without antialiasing");
    CHECK(scaled(13, {1, 1, 0.6f, 1}, {{"coordinate_transformation_mode", std::string("align_corners")}},
                 {1, 1, 4, 4}) == node +
                                      "with scales and align_corners, height of \"x\" (4) times 0.6000000238418579 "
                                      "must be a whole number; export "
                                      "the model again");
    CHECK(scaled(13, {1, 2, 2, 2}) ==
          node + "it resizes channels of \"x\" from 4 to 8, supported are height and width; export the model again");
    CHECK(scaled(13, {1, 1, 0, 2}) == node + "scales has 0, expected a number above 0; export the model again");
    CHECK(scaled(13, {1, 2, 2}) == node + "it has 3 scales or sizes, expected 4; export the model again");
}

TEST_CASE("depth and space") {
    CHECK(one("DepthToSpace", {{"blocksize", int64_t{2}}}) ==
          "depth_to_space block=2 \"node_y\": x → y f32[N,1,2*H,2*W]\n");
    CHECK(one("DepthToSpace", {{"blocksize", int64_t{2}}, {"mode", std::string("CRD")}}) ==
          "depth_to_space block=2 crd \"node_y\": x → y f32[N,1,2*H,2*W]\n");
    CHECK(one("DepthToSpace", {{"blocksize", int64_t{3}}}) ==
          "m.onnx: node \"node_y\" (DepthToSpace): channels of \"x\" (4) must "
          "be a multiple of 9; export the model again");
    OnnxBuilder model;
    model.input("x", image).node("SpaceToDepth", {"x"}, {"y"}, {{"blocksize", int64_t{2}}}).output("y");
    const Network network = model.import();
    CHECK(OnnxBuilder::shape_of(network) == "N,16,floor(H/2),floor(W/2)");
    CHECK(network.constraints[0].message == "SpaceToDepth \"node_y\": height of \"x\" (H) must be a multiple of 2");
}

TEST_CASE("data is reshaped, transposed and expanded") {
    CHECK(one("Transpose") == "transpose perm=[3,2,1,0] \"node_y\": x → y f32[W,H,4,N]\n");
    CHECK(one("Transpose", {{"perm", Ints{0, 1, 2, 3}}}) == "identity \"x\": x → y f32[N,4,H,W]\n");
    CHECK(one("Transpose", {{"perm", Ints{0, 1, 1, 3}}}) ==
          "m.onnx: node \"node_y\" (Transpose): axes has 1 twice, expected distinct axes; export the model again");
    CHECK(one("Flatten") == "reshape \"node_y\": x → y f32[N,4*H*W]\n");
    CHECK(one("Flatten", {{"axis", int64_t{-1}}}) == "reshape \"node_y\": x → y f32[4*H*N,W]\n");
    CHECK(one("Unsqueeze", {{"axes", Ints{0, -1}}}, 11) == "reshape \"node_y\": x → y f32[1,N,4,H,W,1]\n");
    CHECK(one("Squeeze", {"a"}, {}, OnnxBuilder().integers("a", {2}), {1, 3, 1, 1}) ==
          "reshape \"node_y\": x → y f32[1,3,1]\n");
    CHECK(one("Squeeze", {}, {}, OnnxBuilder(), {1, 3, 1, 1}) == "reshape \"node_y\": x → y f32[3]\n");
    CHECK(one("Squeeze") ==
          "m.onnx: node \"node_y\" (Squeeze): it has no axes, and batch of \"x\" is free (N); export the model "
          "with the axes to squeeze");
    CHECK(one("Expand", {"s"}, {}, OnnxBuilder().integers("s", {2, 1, 5, 1}), {2, 3, 1, 7}) ==
          "expand \"node_y\": x → y f32[2,3,5,7]\n");
    CHECK(one("Unsqueeze", {{"axes", Ints{0, 1, 2}}}, 11) ==
          "m.onnx: node \"node_y\" (Unsqueeze): its output has 7 dimensions, supported are up to 6");
}

TEST_CASE("comparison and choice") {
    OnnxBuilder model;
    model.input("x", {2, 3})
        .input("y", {2, 3})
        .node("Equal", {"x", "y"}, {"same"})
        .node("Where", {"same", "x", "y"}, {"z"});
    model.output("z");
    CHECK(model.described() ==
          "equal \"node_same\": x, y → same bool[2,3]\nwhere \"node_z\": same, x, y → z f32[2,3]\n"
          "output z f32[2,3]\n");
}

TEST_CASE("outputs that are not there") {
    OnnxBuilder pool;
    pool.input("x", image).node("MaxPool", {"x"}, {"y", "indices"}, {{"kernel_shape", Ints{2, 2}}}).output("y");
    CHECK(pool.error() == "no error");
    CHECK(pool.output("indices").error() ==
          "m.onnx: node \"node_y\" (MaxPool): its output 1 (Indices) is used, supported is "
          "output 0 only; use a model without MaxUnpool");
    OnnxBuilder dropout;
    dropout.input("x", image).node("Dropout", {"x"}, {"y", "mask"}).output("mask");
    CHECK(dropout.error() ==
          "m.onnx: node \"node_y\" (Dropout): its output 1 (\"mask\") is not supported, supported are those "
          "before it; remove what uses it");
}
