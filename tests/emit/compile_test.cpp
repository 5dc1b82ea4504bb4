// The front door, over models made here.
#include "compiler/compile.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "runtime/error.h"
#include "runtime/library.h"
#include "schedules/registry.h"
#include "small_network.h"
#include "tests/compiler/onnx_model.h"

using namespace atrous;
namespace fs = std::filesystem;

namespace {

// y = max(0, 2·x − 1) per pixel, for any size.
fs::path small_model(const TestFolder& folder, const std::string& name = "small.onnx") {
    test::OnnxBuilder builder;
    builder.input("x", {1, 1, "height", "width"})
        .floats("w", {1, 1, 1, 1}, {2})
        .floats("b", {1}, {-1})
        .node("Conv", {"x", "w", "b"}, {"c"})
        .node("Relu", {"c"}, {"y"})
        .output("y");
    create_file(folder / name, builder.bytes());
    return folder / name;
}

CompileOptions options_for(const fs::path& model) {
    static const TestFolder cache;
    CompileOptions options;
    options.model = model;
    options.cache = cache.path();
    return options;
}

std::string error_of(const CompileOptions& options) {
    try {
        compile(options);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

size_t files_in(const TestFolder& folder) {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("A model becomes a library beside it that computes it") {
    const TestFolder folder;
    CompileOptions options = options_for(small_model(folder));
    std::vector<std::string> stages;
    options.progress = [&](const std::string& stage, int done, int total) {
        CHECK(done <= total);
        if (stages.empty() || stages.back() != stage) stages.push_back(stage);
    };
    const CompileReport report = compile(options);
    CHECK(report.name == "small");
    CHECK(report.files == std::vector<fs::path>{folder / "small.h", folder / "small.a", folder / "small.so"});
    CHECK(report.kernels > 0);
    CHECK(report.operators.size() == 1);
    CHECK(report.bytes.at("library") == fs::file_size(folder / "small.a"));
    CHECK(report.bytes.at("shared") == fs::file_size(folder / "small.so"));
    CHECK(report.bytes.at("weights") > 0);
    CHECK(report.bytes.count("app") == 0);
    CHECK(stages == std::vector<std::string>{"import", "plan", "kernels", "link"});
    CHECK(compile(options).kernels_cached == report.kernels);
    CHECK(files_in(folder) == 4);

    const OpenNetwork network(Library::load(folder / "small.so"));
    CHECK(network.library().info().inputs.at(0).dimensions == std::vector<std::string>{"", "", "height", "width"});
    CHECK(network.target() == canonical_target("host"));
    Runner runner(network);
    for (const auto& [height, width] : {std::pair<int64_t, int64_t>{1, 1}, {7, 5}, {64, 33}}) {
        Tensor x;
        x.shape = {1, 1, height, width};
        x.bytes.resize(static_cast<size_t>(height * width) * sizeof(float));
        for (int64_t i = 0; i < height * width; ++i) x.floats()[i] = static_cast<float>(i % 11) / 8;
        const Tensor y = runner.run({x}, 2).at(0);
        REQUIRE(y.shape == x.shape);
        for (int64_t i = 0; i < height * width; ++i) REQUIRE(y.floats()[i] == std::max(0.0f, 2 * x.floats()[i] - 1));
    }
}

TEST_CASE("Names, folders, targets and kinds are chosen by options") {
    const TestFolder folder;
    CompileOptions options = options_for(small_model(folder, "my-model.onnx"));
    options.directory = folder / "deep/out";
    options.name = "other";
    options.targets = {"x86-64-linux", "x86-64-linux-avx2"};
    options.header = options.library = false;
    options.assembly = options.statements = true;
    options.config_json = R"({"input":{"divide":255}})";
    const CompileReport report = compile(options);
    CHECK(report.files == std::vector<fs::path>{folder / "deep/out/other.so", folder / "deep/out/other.s",
                                                folder / "deep/out/other.stmt"});
    const auto library = Library::load(folder / "deep/out/other.so");
    CHECK(library->info().name == "other");
    CHECK(library->info().config_json == R"({"input":{"divide":255}})");
    CHECK(library->info().targets ==
          std::vector<std::string>{canonical_target("x86-64-linux-avx2"), canonical_target("x86-64-linux")});
    options.name.clear();
    options.assembly = options.statements = false;
    CHECK(compile(options).name == "my_model");
}

TEST_CASE("keep_all makes every intermediate tensor an output") {
    const TestFolder folder;
    CompileOptions options = options_for(small_model(folder));
    options.keep_all = true;
    options.header = options.library = false;
    compile(options);
    std::vector<std::string> names;
    const auto library = Library::load(folder / "small.so");
    for (const TensorInfo& output : library->info().outputs) names.push_back(output.name);
    CHECK(names == std::vector<std::string>{"c", "y"});
}

TEST_CASE("What cannot be compiled leaves nothing behind") {
    const TestFolder folder;
    CompileOptions options = options_for(small_model(folder));
    const auto with = [&](auto change) {
        CompileOptions changed = options;
        change(changed);
        return error_of(changed);
    };
    CHECK(
        with([](CompileOptions& o) { o.name = "9a"; }) ==
        "9a: cannot be a network's name, expected a C identifier; choose letters, digits and underscores with --name");
    CHECK(with([](CompileOptions& o) { o.targets = {}; }) == "--target: names no target; use --target host");
    CHECK(with([](CompileOptions& o) {
              o.targets = {"host", "host"};
          }) == canonical_target("host") + ": is given twice as a target; leave one out");
    CHECK(with([](CompileOptions& o) { o.targets = {"pdp-11"}; }) != "no error");
    CHECK(
        with([&](CompileOptions& o) { o.support = folder / "nowhere"; }) ==
        (folder / "nowhere/x86-64-linux/executor.o").string() +
            ": is missing: this Atrous cannot make libraries for x86-64-linux; build it with `./dev build`, or choose "
            "another --target");
    CHECK(with([&](CompileOptions& o) { o.model = folder / "absent.onnx"; }) != "no error");
    CHECK(with([&](CompileOptions& o) { o.directory = "/proc/atrous"; }) ==
          "/proc/atrous: cannot be made: No such file or directory");
    for (const std::string stage : {"import", "plan", "kernels", "link"}) {
        CHECK(with([&](CompileOptions& o) {
                  o.progress = [&](const std::string& now, int, int) {
                      if (now == stage) throw Error("interrupted in " + stage);
                  };
              }) == "interrupted in " + stage);
    }
    CHECK(files_in(folder) == 1);
}

TEST_CASE("A compiled network's key follows the model's contents, the options and the versions") {
    const TestFolder folder;
    const CompileOptions options = options_for(small_model(folder));
    const std::string key = compile_key(options);
    CHECK(key.size() == 64);
    CHECK(compile_key(options_for(small_model(folder, "small2.onnx"))) != key);  // another name
    fs::create_directory(folder / "elsewhere");
    fs::copy_file(folder / "small.onnx", folder / "elsewhere/small.onnx");
    CHECK(compile_key(options_for(folder / "elsewhere/small.onnx")) == key);
    const auto with = [&](auto change) {
        CompileOptions changed = options;
        change(changed);
        return compile_key(changed);
    };
    CHECK(with([](CompileOptions& o) { o.directory = "elsewhere"; }) == key);
    CHECK(with([](CompileOptions& o) { o.jobs = 7; }) == key);
    CHECK(with([](CompileOptions& o) { o.dynamic = true; }) != key);
    CHECK(with([](CompileOptions& o) { o.keep_all = true; }) != key);
    CHECK(with([](CompileOptions& o) { o.autoscheduler = "Li2018"; }) != key);
    CHECK(with([](CompileOptions& o) { o.config_json = "{}"; }) != key);
    CHECK(with([](CompileOptions& o) { o.optimise_width = 64; }) != key);
    CHECK(with([](CompileOptions& o) { o.targets = {"x86-64-linux"}; }) != key);
    std::ofstream(folder / "small.onnx", std::ios::app) << '\x72' << '\0';  // another (empty) field
    CHECK(compile_key(options) != key);
    CHECK(model_facts(folder / "elsewhere/small.onnx").sha256.size() == 64);
}
