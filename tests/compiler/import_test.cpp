// The import as a whole: what a model may be, its inputs and outputs, free sizes, and what is refused.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "compiler/onnx_reader.h"
#include "tests/compiler/onnx_model.h"

using namespace atrous;
using namespace atrous::test;

namespace fs = std::filesystem;

namespace {

OnnxBuilder relu(const std::vector<Dim>& dims = {1, 3, 8, 8}, int64_t opset = 17) {
    OnnxBuilder model(opset);
    model.input("x", dims).node("Relu", {"x"}, {"y"}).output("y");
    return model;
}

}  // namespace

TEST_CASE("opsets 7 to 24 are read, newer ones as far as they are known, others refused") {
    for (const int64_t opset : {7, 11, 17, 24, 25, 28}) CHECK(relu({1, 3, 8, 8}, opset).shape() == "1,3,8,8");
    const std::string rest =
        ", supported are 7 to 24, and up to 28 where no operator used has changed; convert it with "
        "onnx.version_converter or "
        "export it with another opset";
    CHECK(relu({1}, 6).error() == "m.onnx: the model uses opset 6" + rest);
    CHECK(relu({1}, 29).error() == "m.onnx: the model uses opset 29" + rest);
    CHECK(relu({1}, int64_t{1} << 40).error() == "m.onnx: the model uses opset 1000" + rest);
    OnnxBuilder none = relu();
    none.model.clear_opset_import();
    CHECK(none.error() == "m.onnx: the model does not say which opset of ai.onnx it uses; export the model again");
}

TEST_CASE("free dimensions are called what the model calls them, or what they are") {
    CHECK(relu({"", 3, "", ""}).shape() == "batch,3,height,width");
    CHECK(relu({"N", 3, "image height", "W"}).shape() == "N,3,image_height,W");
    CHECK(relu({"", 3, ""}).shape() == "batch,3,length");
    CHECK(relu({-1, 3, 8, -1}).shape() == "batch,3,8,width");
    CHECK(relu({"a", "b", "c", "d", "e"}).shape() == "a,b,c,d,e");
    CHECK(relu({1, 3, 0, 8}).error() ==
          "m.onnx: input \"x\" declares 0 as its height, expected 1 to 2147483647; export the model again");

    OnnxBuilder two;
    two.input("a", {"N", 3, "H", "W"}).input("b", {"N", 3, "H", ""}).node("Add", {"a", "b"}, {"y"}).output("y");
    const Network network = two.import();
    CHECK(OnnxBuilder::shape_of(network) == "N,3,H,W");
    REQUIRE(network.constraints.size() == 3);
    CHECK(network.constraints[0].message == "input \"b\": its dimension 0 must be the same as N");
    CHECK(network.constraints[1].message == "input \"b\": its dimension 2 must be the same as H");
    CHECK(network.constraints[2].message ==
          "Add \"node_y\": width of \"a\" (W) and width of \"b\" (width) must be equal");
}

TEST_CASE("--dynamic frees what the graph allows") {
    OnnxBuilder model;
    model.input("x", {1, 3, 320, 320}).weights("w", {8, 3, 3, 3});
    model.node("Conv", {"x", "w"}, {"c"}, {{"pads", Ints{1, 1, 1, 1}}});
    SECTION("everything") {
        model.node("Relu", {"c"}, {"y"}).output("y");
        CHECK(model.shape() == "1,8,320,320");
        CHECK(model.shape(0, true) == "1,8,height,width");
    }
    SECTION("a size that is open") {
        model.integers("shape", {1, 8, -1}).node("Reshape", {"c", "shape"}, {"y"}).output("y");
        CHECK(model.shape(0, true) == "1,8,height*width");
    }
    SECTION("not a size that is written down") {
        model.integers("shape", {1, 8, 102400}).node("Reshape", {"c", "shape"}, {"y"}).output("y");
        CHECK(model.shape() == "1,8,102400");
        CHECK(model.error(true) ==
              "m.onnx: Reshape \"node_y\": its input (1×8×height×width) and its shape (1×8×102400) must have the same "
              "number "
              "of elements; the graph binds the declared size: compile it without --dynamic");
    }
    SECTION("multiples may be required") {
        model.node("SpaceToDepth", {"c"}, {"y"}, {{"blocksize", int64_t{8}}}).output("y");
        CHECK(model.shape(0, true) == "1,512,floor(height/8),floor(width/8)");
    }
    SECTION("not what an operator must know") {
        model.integer("zero", 0).integer("one", 1).integer("two", 2);
        model.node("Shape", {"x"}, {"s"})
            .node("Gather", {"s", "two"}, {"h"})
            .node("Range", {"zero", "h", "one"}, {"r"});
        model.node("Cast", {"r"}, {"rf"}, {{"to", int64_t{1}}}).node("Add", {"c", "rf"}, {"y"}).output("y");
        CHECK(model.shape() == "1,8,320,320");
        CHECK(model.error(true) ==
              "m.onnx: node \"node_r\" (Range): the length of its result depends on the model's input (height), "
              "supported are "
              "fixed lengths; declare the model's input size; the graph binds the declared size: compile it without "
              "--dynamic");
    }
    SECTION("images with channels last") {
        OnnxBuilder last;
        last.input("x", {1, 64, 48, 3}).node("Transpose", {"x"}, {"y"}, {{"perm", Ints{0, 3, 1, 2}}}).output("y");
        CHECK(last.shape(0, true) == "1,3,height,width");
    }
}

TEST_CASE("old models list their weights among the inputs") {
    OnnxBuilder model(8);
    model.input("x", {1, 3, 8, 8}).input("w", {4, 3, 1, 1}).weights("w", {4, 3, 1, 1});
    model.node("Conv", {"x", "w"}, {"y"}).output("y");
    const Network network = model.import();
    CHECK(network.inputs.size() == 1);
    CHECK(OnnxBuilder::shape_of(network) == "1,4,8,8");
}

TEST_CASE("dead nodes are left out, whatever they are; order does not matter") {
    OnnxBuilder model = relu();
    model.node("Sigmoid", {"late"}, {"z"}).node("Neg", {"x"}, {"late"}).node("LSTM", {"x"}, {"dead"}).output("z");
    CHECK(model.described() ==
          "relu \"node_y\": x → y f32[1,3,8,8]\n"
          "neg \"node_late\": x → late f32[1,3,8,8]\n"
          "sigmoid \"node_z\": late → z f32[1,3,8,8]\n"
          "output y f32[1,3,8,8]\noutput z f32[1,3,8,8]\n");
}

TEST_CASE("outputs that are inputs, constants or each other are copies") {
    OnnxBuilder model;
    model.input("x", {1, 3}).input("labels", {4}, onnx::TensorProto::INT64).weights("w", {2});
    model.node("Relu", {"x"}, {"y"}).node("Identity", {"y"}, {"same"});
    model.output("y").output("same").output("x").output("w").output("labels");
    CHECK(model.described() ==
          "relu \"node_y\": x → y f32[1,3]\n"
          "identity \"y\": y → same f32[1,3]\n"
          "identity \"x\": x → x f32[1,3]\n"
          "identity \"w\": %5[2] → w f32[2]\n"
          "reshape \"labels\": labels → labels i64[4]\n"
          "output y f32[1,3]\noutput same f32[1,3]\noutput x f32[1,3]\noutput w f32[2]\noutput labels i64[4]\n");
}

TEST_CASE("graphs that are none are refused") {
    SECTION("a cycle") {
        OnnxBuilder model = relu();
        model.node("Add", {"x", "b"}, {"a"}).node("Neg", {"a"}, {"b"}).node("Exp", {"b"}, {"z"}).output("z");
        CHECK(model.error() ==
              "m.onnx: node \"node_a\" (Add): it waits for its own output: the graph has a cycle; export the model "
              "again");
    }
    SECTION("a value from nowhere") {
        OnnxBuilder model = relu();
        model.node("Add", {"x", "b"}, {"a"}).output("a");
        CHECK(model.error() ==
              "m.onnx: node \"node_a\" (Add): its input \"b\" is produced by no node, input or initializer; "
              "export the model again");
    }
    SECTION("an output from nowhere") {
        CHECK(relu().output("b").error() ==
              "m.onnx: output \"b\" is produced by no node, input or initializer; export the model again");
    }
    SECTION("a value produced twice") {
        OnnxBuilder model = relu();
        model.node("Neg", {"x"}, {"y"});
        CHECK(model.error() ==
              "m.onnx: node \"node_y\" (Neg): its output \"y\" is also produced by node \"node_y\", expected "
              "one producer; export the model again");
    }
    SECTION("an input produced again") {
        OnnxBuilder model = relu();
        model.node("Neg", {"y"}, {"x"});
        CHECK(model.error() ==
              "m.onnx: node \"node_x\" (Neg): its output \"x\" is also an input or initializer of the graph, "
              "expected one producer; export the model again");
    }
    SECTION("no outputs") {
        OnnxBuilder model = relu();
        model.model.mutable_graph()->clear_output();
        CHECK(model.error() == "m.onnx: the graph has no outputs; export the model again");
    }
    SECTION("no model") {
        CHECK_THROWS_WITH(
            import_onnx_bytes("not a model", "m.onnx"),
            "m.onnx: this is no ONNX model: its bytes do not follow the ONNX schema; check that the download or "
            "export is complete");
        CHECK_THROWS_WITH(import_onnx_bytes("", "m.onnx"),
                          "m.onnx: this is no ONNX model: it holds no graph; check that the "
                          "download or export is complete");
    }
}

TEST_CASE("operators that are not supported are refused by name") {
    const auto error = [](const std::string& op, const std::string& domain = "") {
        OnnxBuilder model;
        model.input("x", {1, 3, 8, 8}).node(op, {"x"}, {"y"}).output("y");
        model.model.mutable_graph()->mutable_node(0)->set_domain(domain);
        return model.error();
    };
    CHECK(error("LSTM") ==
          "m.onnx: node \"node_y\" (LSTM): the operator is not supported; docs/onnx_operators.md lists those that are");
    CHECK(error("QLinearConv") ==
          "m.onnx: node \"node_y\" (QLinearConv): quantised operators are not supported, supported are "
          "their float counterparts; use the model as it was before quantisation");
    CHECK(error("If") ==
          "m.onnx: node \"node_y\" (If): control flow is not supported, the graph must be the same for every "
          "input; export the model by tracing, or simplify it so that the branch is decided");
    CHECK(error("FusedConv", "com.microsoft") ==
          "m.onnx: node \"node_y\" (FusedConv): its operator belongs to domain \"com.microsoft\", supported is "
          "ai.onnx; export "
          "the model with standard operators");
    CHECK(error("Relu", "ai.onnx") == "no error");
    CHECK(error("Less") == "m.onnx: node \"node_y\" (Less): it has 1 inputs, expected 2; export the model again");
    OnnxBuilder function;
    function.input("x", {1}).node("Mine", {"x"}, {"y"}).output("y");
    function.model.mutable_graph()->mutable_node(0)->set_domain("local");
    auto* body = function.model.add_functions();
    body->set_name("Mine");
    body->set_domain("local");
    CHECK(function.error() ==
          "m.onnx: node \"node_y\" (Mine): it calls a function of the model, supported are operators only; "
          "inline the model's functions (onnx.inliner)");
}

TEST_CASE("names in messages cannot break the line") {
    OnnxBuilder model;
    model.input("x", {1}).node("Bad\n\x1b[31m" + std::string(300, 'a'), {"x"}, {"y"}).output("y");
    const std::string error = model.error();
    CHECK(error.find('\n') == std::string::npos);
    CHECK(error.find('\x1b') == std::string::npos);
    CHECK(error.size() < 400);
}

TEST_CASE("element types of inputs") {
    const auto typed = [](int type) {
        OnnxBuilder model;
        model.input("x", {1, 3}, static_cast<onnx::TensorProto::DataType>(type));
        model.node("Cast", {"x"}, {"y"}, {{"to", int64_t{1}}}).output("y");
        return model;
    };
    CHECK(typed(onnx::TensorProto::UINT8).described() == "cast \"node_y\": x → y f32[1,3]\noutput y f32[1,3]\n");
    CHECK(typed(onnx::TensorProto::FLOAT16).described() == "identity \"x\": x → y f32[1,3]\noutput y f32[1,3]\n");
    CHECK(typed(onnx::TensorProto::DOUBLE).error() ==
          "m.onnx: input \"x\" has element type double, supported are float, float16, bfloat16, int64, int32, uint8, "
          "int8 and "
          "bool; put a Cast in front of the model, or export it in float");
}

TEST_CASE("tensors whose data does not fit are refused") {
    const auto error = [](const std::function<void(onnx::TensorProto&)>& change) {
        OnnxBuilder model;
        model.input("x", {1}).weights("w", {2}).node("Add", {"x", "w"}, {"y"}).output("y");
        change(*model.model.mutable_graph()->mutable_initializer(0));
        return model.error();
    };
    const std::string w = "m.onnx: tensor \"w\": ";
    CHECK(error([](auto& t) { t.set_dims(0, 3); }) ==
          w + "it has 8 bytes of data, its shape and type need 12; export the model again");
    CHECK(error([](auto& t) { t.set_dims(0, -3); }) == w + "one of its dimensions is -3; export the model again");
    CHECK(error([](auto& t) {
              t.set_dims(0, int64_t{1} << 30);
              t.add_dims(int64_t{1} << 30);
          }) == w + "its dimensions multiply to more than 2^40 elements; export the model again");
    CHECK(error([](auto& t) { t.clear_raw_data(); }) ==
          w + "it has 0 elements of data, its shape needs 2; export the model again");
    CHECK(error([](auto& t) { t.set_data_type(onnx::TensorProto::STRING); }) ==
          w + "its element type is string, supported are float, double, float16, bfloat16, integers of 8 to 64 bits "
              "and bool; "
              "export the model with float weights");
    CHECK(error([](auto& t) { t.set_data_type(99); }) == w + "its element type is number 99, supported are float, "
                                                             "double, float16, bfloat16, integers of 8 to 64 bits and "
                                                             "bool; export the model with float weights");
}

TEST_CASE("external data is read from the model's folder, and from nowhere else") {
    const fs::path folder = fs::temp_directory_path() / "atrous_import_test";
    fs::remove_all(folder);
    fs::create_directories(folder / "model");
    const float numbers[] = {0, 0, 3, 4};
    std::ofstream(folder / "model" / "w.bin", std::ios::binary)
        .write(reinterpret_cast<const char*>(numbers), sizeof numbers);
    std::ofstream(folder / "outside.bin", std::ios::binary)
        .write(reinterpret_cast<const char*>(numbers), sizeof numbers);
    fs::create_symlink(folder / "outside.bin", folder / "model" / "link.bin");
    const fs::path file = folder / "model" / "m.onnx";
    const auto written = [&](const std::string& location, const std::string& offset, const std::string& length) {
        OnnxBuilder model;
        model.input("x", {2}).weights("w", {2}).node("Add", {"x", "w"}, {"y"}).output("y");
        auto* tensor = model.model.mutable_graph()->mutable_initializer(0);
        tensor->clear_raw_data();
        tensor->set_data_location(onnx::TensorProto::EXTERNAL);
        const std::pair<const char*, std::string> entries[] = {
            {"location", location}, {"offset", offset}, {"length", length}};
        for (const auto& [key, value] : entries) {
            auto* entry = tensor->add_external_data();
            entry->set_key(key);
            entry->set_value(value);
        }
        std::ofstream(file, std::ios::binary) << model.bytes();
        return file;
    };
    const auto error = [&](const std::string& location, const std::string& offset = "8",
                           const std::string& length = "8") {
        try {
            import_onnx(written(location, offset, length));
        } catch (const std::exception& error) {
            return std::string(error.what());
        }
        return std::string("no error");
    };
    const Network network = import_onnx(written("w.bin", "8", "8"));
    CHECK(network.values[network.nodes[0].inputs[1]].constant->floats == std::vector<float>{3, 4});
    const OnnxFacts facts = onnx_facts(file);
    CHECK(facts.sha256 == network.sha256);
    CHECK(facts.contents_sha256 != facts.sha256);
    std::ofstream(folder / "model" / "w.bin", std::ios::binary | std::ios::app) << "more";
    CHECK(onnx_facts(file).contents_sha256 != facts.contents_sha256);

    const std::string w = file.string() + ": tensor \"w\": its external data ";
    const std::string beside = "; keep external data beside the model and export it with relative paths";
    CHECK(error("/etc/passwd") == w + "lies at \"/etc/passwd\", which is no path inside the model's folder" + beside);
    CHECK(error("../outside.bin") ==
          w + "lies at \"../outside.bin\", which is no path inside the model's folder" + beside);
    CHECK(error("") == w + "lies at \"\", which is no path inside the model's folder" + beside);
    CHECK(error("link.bin") == w + "\"link.bin\" is a link to outside the model's folder" + beside);
    CHECK(error("missing.bin") == w + "\"missing.bin\" is missing" + beside);
    CHECK(error("w.bin", "16") ==
          w + "\"w.bin\" is too short: 8 bytes at 16 are needed, the file has 20; check that the download "
              "or export is complete");
    CHECK(error("w.bin", "18446744073709551615") == w + "\"w.bin\" is too short: 8 bytes at 18446744073709551615 are "
                                                        "needed, the file has 20; check that the download or "
                                                        "export is complete");
    CHECK(error("w.bin", "0", "12") ==
          w + "\"w.bin\" is declared as 12 bytes, its shape and type need 8; export the model again");
    CHECK(error("w.bin", "x") == file.string() +
                                     ": tensor \"w\": the offset of its external data is no whole number; export the "
                                     "model again");
    fs::remove_all(folder);
}

TEST_CASE("files that cannot be read") {
    const auto error = [](const fs::path& file) {
        try {
            import_onnx(file);
        } catch (const std::exception& error) {
            return std::string(error.what());
        }
        return std::string("no error");
    };
    CHECK(error("/no/such.onnx") == "/no/such.onnx: there is no such file; check the path of the model");
    CHECK(error("/dev/null") ==
          "/dev/null: this is no regular file, expected an ONNX model; give the path of a .onnx file");
}

TEST_CASE("hash and metadata") {
    OnnxBuilder model = relu();
    auto* entry = model.model.add_metadata_props();
    entry->set_key("atrous.config");
    entry->set_value("{}");
    const Network network = model.import();
    CHECK(network.metadata == std::map<std::string, std::string>{{"atrous.config", "{}"}});
    CHECK(network.sha256.size() == 64);
    CHECK(parse_onnx(model.bytes(), "m.onnx").sha256 == network.sha256);
    // The hash of the empty string, from the standard's examples.
    OnnxModel empty;
    CHECK_THROWS(empty = parse_onnx("", "m.onnx"));
}
