#include <catch2/catch.hpp>

#include "runtime/config.h"
#include "tests/runtime/pillow_reference.h"

namespace atrous::tests {
namespace {

std::string error_of_config(const std::string& text) {
    return error_of([&] { parse_config(text, "c.json"); });
}

std::string error_of_input(const std::string& members) {
    return error_of_config("{\"input\": {" + members + "}}");
}
std::string error_of_output(const std::string& members) {
    return error_of_config("{\"output\": {" + members + "}}");
}

}  // namespace

TEST_CASE("an empty config is the default", "[config]") {
    const Config config = parse_config("{}", "c.json");
    CHECK(config == Config{});
    CHECK(config.channels == Config::Channels::rgb);
    CHECK(config.divide == 255.0);
    CHECK(config.mean == std::vector<double>{0, 0, 0});
    CHECK(config.std == std::vector<double>{1, 1, 1});
    CHECK(config.resize == Config::Resize::unset);
    CHECK(config.filter == Filter::bilinear);
    CHECK(config.multiple == 1);
    CHECK(config.output.empty());
    CHECK(config.activation == Config::Activation::none);
    CHECK(parse_config(R"({"input": {}, "output": {}})", "c.json") == Config{});
}

TEST_CASE("every key is read, written and read again", "[config]") {
    const Config config = parse_config(R"({
        "input": {"channels": "bgr", "divide": 127.5, "mean": [0.5, 0.25, -1], "std": [0.5], "resize": "none",
                  "filter": "nearest", "multiple": 32},
        "output": {"name": "logits", "activation": "softmax", "classes": ["sky", "road"],
                   "palette": ["#4682b4", "#80E0aF"]}})",
                                       "c.json");
    CHECK(config.channels == Config::Channels::bgr);
    CHECK(config.divide == 127.5);
    CHECK(config.mean == std::vector<double>{0.5, 0.25, -1});
    CHECK(config.std == std::vector<double>{0.5, 0.5, 0.5});
    CHECK(config.resize == Config::Resize::none);
    CHECK(config.filter == Filter::nearest);
    CHECK(config.multiple == 32);
    CHECK(config.output == "logits");
    CHECK(config.activation == Config::Activation::softmax);
    CHECK(config.classes == std::vector<std::string>{"sky", "road"});
    CHECK(config.palette == std::vector<uint32_t>{0x4682b4, 0x80e0af});
    CHECK(parse_config(to_json(config), "c.json") == config);
    CHECK(to_json(config) ==
          R"({"input":{"channels":"bgr","divide":127.5,"mean":[0.5,0.25,-1.0],"std":[0.5,0.5,0.5],"resize":"none",)"
          R"("filter":"nearest","multiple":32},"output":{"name":"logits","activation":"softmax",)"
          R"("classes":["sky","road"],"palette":["#4682b4","#80e0af"]}})");
    const Config most = parse_config(R"({"input": {"divide": "max", "channels": "gray", "mean": [0.5]}})", "c.json");
    CHECK_FALSE(most.divide.has_value());
    CHECK(most.mean == std::vector<double>{0.5});
    CHECK(most.std == std::vector<double>{1});
    CHECK(parse_config(to_json(most), "c.json") == most);
}

TEST_CASE("the template is a config, with every key", "[config]") {
    const Config config = parse_config(config_template("1959"), "c.json");
    CHECK(config.output == "1959");
    Config expected;
    expected.output = "1959";
    expected.resize = Config::Resize::fixed;
    CHECK(config == expected);
    CHECK(parse_config(config_template("a \"name\"\n"), "c.json").output == "a \"name\"\n");
    CHECK(config_template() == R"({
  "input": {
    "channels": "rgb",
    "divide": 255,
    "mean": [0, 0, 0],
    "std": [1, 1, 1],
    "resize": "fixed",
    "filter": "bilinear",
    "multiple": 1
  },
  "output": {
    "name": "",
    "activation": "none",
    "classes": [],
    "palette": []
  }
}
)");
}

TEST_CASE("unknown keys are errors that name the known ones", "[config]") {
    CHECK(error_of_config(R"({"inputs": {}})") ==
          R"(c.json: the config has an unknown key "inputs"; known are "input" or "output")");
    CHECK(error_of_input(R"("scale": 2)") ==
          R"(c.json: "input" has an unknown key "scale"; known are "channels", "divide", "mean", "std", "resize", )"
          R"("filter" or "multiple")");
    CHECK(error_of_output(R"("threshold": 2)") ==
          R"(c.json: "output" has an unknown key "threshold"; known are "name", "activation", "classes" or "palette")");
    CHECK(error_of_config(R"({"input": {}, "input": {}})") == R"(c.json: the key "input" is given twice; leave one)");
}

TEST_CASE("wrong types and values are errors that name the key", "[config]") {
    CHECK(error_of_config("[]") ==
          R"(c.json: the config is [], an object was expected; write {…} with the keys "input" or "output")");
    CHECK(error_of_config(R"({"input": 1})") ==
          R"(c.json: "input" is 1, an object was expected; write {…} with the keys "channels", "divide", "mean", )"
          R"("std", "resize", "filter" or "multiple")");
    CHECK(error_of_input(R"("channels": "RGB")") ==
          R"(c.json: "input".channels is "RGB", "rgb", "bgr" or "gray" was expected)");
    CHECK(error_of_input(R"("resize": true)") == R"(c.json: "input".resize is true, "fixed" or "none" was expected)");
    CHECK(error_of_input(R"("filter": "cubic")") ==
          R"(c.json: "input".filter is "cubic", "lanczos", "bilinear" or "nearest" was expected)");
    CHECK(error_of_output(R"("activation": null)") ==
          R"(c.json: "output".activation is null, "none", "sigmoid", "softmax" or "minmax" was expected)");
    for (const char* divide : {"0", "-1", "\"min\"", "null", "[255]", "-0.0"}) {
        CHECK(error_of_input("\"divide\": " + std::string(divide)) ==
              R"(c.json: "input".divide is )" + std::string(divide) + R"(, a number above 0 or "max" was expected)");
    }
    for (const char* multiple : {"0", "-32", "1.5", "65537", "99999999999999999999", "\"32\""}) {
        const std::string error = error_of_input("\"multiple\": " + std::string(multiple));
        CHECK(error.starts_with(R"(c.json: "input".multiple is )"));
        CHECK(error.ends_with(", a whole number from 1 to 65536 was expected"));
    }
    CHECK(error_of_input(R"("mean": [1, 2])") ==
          R"(c.json: "input".mean is [1,2], a list of 1 or 3 numbers was expected)");
    CHECK(error_of_input(R"("mean": 0.5)") == R"(c.json: "input".mean is 0.5, a list of 1 or 3 numbers was expected)");
    CHECK(error_of_input(R"("channels": "gray", "mean": [1, 2, 3])") ==
          R"(c.json: "input".mean is [1,2,3], a list of 1 numbers was expected)");
    CHECK(error_of_input(R"("std": [1, 0, 1])") ==
          R"(c.json: "input".std is [1,0,1], a list of 1 or 3 numbers above 0 was expected)");
    CHECK(error_of_input(R"("std": [1, "1", 1])") ==
          R"(c.json: "input".std is [1,"1",1], a list of 1 or 3 numbers above 0 was expected)");
    CHECK(error_of_input(R"("divide": 1e-300)") ==
          R"(c.json: "divide", "mean" and "std" of "input" turn the sample 255 into infinity; use smaller numbers)");
    CHECK(error_of_output(R"("name": 1959)") ==
          R"(c.json: "output".name is 1959, the name of one of the model's outputs was expected)");
    CHECK(error_of_output(R"("classes": ["a", 1])") ==
          R"(c.json: "output".classes is ["a",1], a list of texts was expected)");
    for (const char* color : {"red", "#12345", "#1234567", "#12345g", "123456"}) {
        CHECK(error_of_output("\"palette\": [\"" + std::string(color) + "\"]") ==
              R"(c.json: "output".palette has the colour ")" + std::string(color) +
                  R"(", a text like "#4682b4" was expected)");
    }
}

TEST_CASE("text that is not JSON is an error that says where", "[config]") {
    CHECK(error_of_config("") == "c.json: is not JSON (line 1, column 1); correct it there; comments are not allowed");
    CHECK(error_of_config("{\n  // a comment\n}") ==
          "c.json: is not JSON (line 2, column 3); correct it there; comments are not allowed");
    CHECK(error_of_config("{\"input\": {},}") ==
          "c.json: is not JSON (line 1, column 14); correct it there; comments are not allowed");
    CHECK(error_of_input("\"divide\": 1e999") == "c.json: is not JSON that can be read; correct its numbers");
    CHECK(error_of_config(R"({"input": )" + std::string(1'000'000, '[')) ==
          "c.json: is nested deeper than 32 levels, a config has 3; flatten it");
    CHECK(error_of_config(std::string(17 << 20, ' ')) ==
          "c.json: is larger than 16 MiB, which no config is; name the config file");
}

TEST_CASE("a config must fit the model", "[config]") {
    Config config;
    CHECK_NOTHROW(check_config(config, "c.json", 3, 21));
    CHECK_NOTHROW(check_config(config, "c.json", -1, -1));
    CHECK(error_of([&] { check_config(config, "c.json", 1, 1); }) ==
          R"(c.json: "input".channels is "rgb", but the model takes 1 channels; write "gray")");
    CHECK(error_of([&] { check_config(config, "c.json", 12, 1); }) ==
          R"(c.json: "input".channels is "rgb", but the model takes 12 channels; use a model of 1 or 3 channels)");
    config.classes = {"a", "b"};
    CHECK(error_of([&] { check_config(config, "c.json", 3, 21); }) ==
          R"(c.json: "output".classes names 2 classes, but the model's output has 21 channels; name each channel, or )"
          "none");
    config.classes.clear();
    config.activation = Config::Activation::softmax;
    CHECK(error_of([&] { check_config(config, "c.json", 3, 1); }) ==
          R"(c.json: "output".activation is "softmax", which is 1 everywhere for the model's one channel; write )"
          R"("sigmoid", "minmax" or "none")");
}

TEST_CASE("configs of known models are found by the ONNX file's hash", "[config]") {
    const std::filesystem::path models = std::filesystem::path(ATROUS_SOURCE_DIR) / "models";
    const auto text = find_model_config(models, "8d10d2f3bb75ae3b6d527c77944fc5e7dcd94b29809d47a739a7a728a912b491");
    REQUIRE(text.has_value());
    const Config config = parse_config(*text, "u2net.json");
    CHECK_FALSE(config.divide.has_value());
    CHECK(config.mean == std::vector<double>{0.485, 0.456, 0.406});
    CHECK(config.std == std::vector<double>{0.229, 0.224, 0.225});
    CHECK(config.resize == Config::Resize::fixed);
    CHECK(config.filter == Filter::lanczos);
    CHECK(config.output == "1959");
    CHECK(config.activation == Config::Activation::minmax);

    CHECK_FALSE(find_model_config(models, std::string(64, '0')).has_value());
    CHECK_FALSE(find_model_config(models / "none", std::string(64, '0')).has_value());
}

TEST_CASE("an index that cannot be used is an error", "[config]") {
    const TemporaryFolder folder;
    const std::string index = (folder.path() / "index.json").string();
    const auto error = [&](const std::string& text) {
        write_text(index, text);
        return error_of([&] { find_model_config(folder.path(), "abc"); });
    };
    CHECK(error("{") == index + ": is not a JSON object of SHA-256 and model; restore it");
    CHECK(error("[]") == index + ": is not a JSON object of SHA-256 and model; restore it");
    CHECK(error(R"({"abc": {"name": "A"}})") ==
          index + ": the entry abc has no text \"config\"; name the config file there");
    CHECK(error(R"({"abc": {"config": "a.json"}})") ==
          (folder.path() / "a.json").string() + ": cannot be read, but " + index + " names it; restore it");
}

}  // namespace atrous::tests
