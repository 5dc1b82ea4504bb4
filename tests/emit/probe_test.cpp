// The program that measures one network: for this machine, and for ARM in an emulator.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numeric>

#include "compiler/compile.h"
#include "compiler/support.h"
#include "schedules/registry.h"
#include "small_network.h"
#include "tests/compiler/onnx_model.h"

using namespace atrous;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// Two convolutions of any size, as large as they are to take longer than what is around them.
fs::path model_in(const TestFolder& folder) {
    test::OnnxBuilder builder;
    builder.input("x", {1, 3, "height", "width"})
        .weights("v", {32, 3, 3, 3})
        .weights("w", {32, 32, 3, 3})
        .node("Conv", {"x", "v"}, {"c"}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}})
        .node("Relu", {"c"}, {"r"})
        .node("Conv", {"r", "w"}, {"y"}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}})
        .output("y");
    create_file(folder / "small.onnx", builder.bytes());
    return folder / "small.onnx";
}

CompileReport compile_probe(const TestFolder& folder, const std::vector<std::string>& targets) {
    CompileOptions options;
    options.model = model_in(folder);
    options.cache = folder / "cache";
    options.targets = targets;
    options.library = options.header = options.shared = false;
    options.probe = true;
    return compile(options);
}

bool is_missing(const std::string& platform) {
    if (fs::exists(support_folder({}) / platform / "libatrous_probe.a")) return false;
    WARN("SKIP: this build makes no programs for " + platform);
    return true;
}

double sum(const std::vector<double>& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

// Whether the line is what a probe prints of these operators, whose times add up to the runs'.
json checked(const std::string& line, const CompileReport& report, size_t runs) {
    CAPTURE(line);
    REQUIRE(std::count(line.begin(), line.end(), '\n') == 1);
    json said = json::parse(line);
    const auto seconds = said.at("seconds").get<std::vector<double>>();
    REQUIRE(seconds.size() == runs);
    CHECK(said.at("opened").get<double>() > 0);
    REQUIRE(said.at("operators").size() == report.operators.size());
    double of_operators = 0;
    for (size_t i = 0; i < report.operators.size(); ++i) {
        const json& entry = said.at("operators").at(i);
        CHECK(entry.at("name") == report.operators[i].name);
        const auto times = entry.at("seconds").get<std::vector<double>>();
        REQUIRE(times.size() == runs);
        for (double time : times) CHECK(time > 0);
        of_operators += sum(times);
    }
    CHECK(of_operators <= sum(seconds));
    CHECK(of_operators >= 0.9 * sum(seconds));
    return said;
}

}  // namespace

TEST_CASE("A probe measures its network on this machine") {
    if (is_missing("x86-64-linux")) return;
    const TestFolder folder;
    const CompileReport report = compile_probe(folder, {"host"});
    REQUIRE(report.files == std::vector<fs::path>{folder / "small.probe"});
    CHECK(report.bytes.at("probe") == fs::file_size(folder / "small.probe"));
    REQUIRE(report.operators.size() == 2);
    const std::string probe = (folder / "small.probe").string();
    CHECK(output_of("readelf -lW " + probe).find("INTERP") == std::string::npos);  // nothing is needed where it runs

    const json said = checked(output_of(probe + " --threads 1 --repeat 5 --size 300x400 --seed 7"), report, 5);
    CHECK(said.at("target") == canonical_target("host"));
    CHECK(said.at("threads") == 1);
    CHECK(said.at("machine").is_string());
    const auto in_order = nlohmann::ordered_json::parse(output_of(probe + " --repeat 1"));
    std::vector<std::string> keys;
    for (const auto& [key, value] : in_order.items()) keys.push_back(key);
    CHECK(keys ==
          std::vector<std::string>{"target", "threads", "opened", "seconds", "operators", "outputs", "machine"});

    const auto refused = [&](const std::string& arguments) { return output_of(probe + arguments + " 2>&1; echo $?"); };
    CHECK(
        refused(" --size 3") ==
        "small.probe: error: --size: '3' is not a height and a width between 1 and 65536; write it like 480x640\n1\n");
    CHECK(refused(" --target arm-64-linux") ==
          "small.probe: error: small: holds no code for --target arm-64-linux, only for " + canonical_target("host") +
              "; choose among these, or leave it out\n1\n");
    CHECK(refused(" --fast") == "small.probe: error: The following argument was not expected: --fast\n1\n");
}

TEST_CASE("A probe with code for a GPU needs the C library, whose the driver is, and runs without a GPU") {
    if (is_missing("x86-64-linux")) return;
    const TestFolder folder;
    const CompileReport report = compile_probe(folder, {"host", "x86-64-linux-opencl"});
    const std::string probe = (folder / "small.probe").string();
    CHECK(output_of("readelf -dW " + probe).find("libstdc++") == std::string::npos);
    const json said = checked(output_of(probe + " --device cpu --threads 1 --repeat 3"), report, 3);
    CHECK(said.at("target") == canonical_target("host"));
    const std::string on_gpu = output_of(probe + " --device opencl --repeat 1 2>&1 || true");
    if (on_gpu.find("the device cannot be used") != std::string::npos) {
        WARN("SKIP: there is no OpenCL device: " + on_gpu);
        return;
    }
    const auto machine = json::parse(on_gpu).at("machine").get<std::string>();
    CHECK_FALSE(machine.empty());
    CHECK(machine != said.at("machine"));
}

TEST_CASE("A probe for ARM measures its network in an emulator") {
    if (is_missing("arm-64-linux")) return;
    for (const std::string tool : {"qemu-aarch64-static", "aarch64-linux-gnu-g++"}) {
        if (std::system(("command -v " + tool + " >/dev/null").c_str()) == 0) continue;
        WARN("SKIP: " + tool + " is not installed");
        return;
    }
    const TestFolder folder;
    const CompileReport report = compile_probe(folder, {"arm-64-linux"});
    const std::string probe = "qemu-aarch64-static " + (folder / "small.probe").string();
    const json said = checked(output_of(probe + " --threads 1 --repeat 2 --size 48x64"), report, 2);
    CHECK(said.at("target") == canonical_target("arm-64-linux"));
}
