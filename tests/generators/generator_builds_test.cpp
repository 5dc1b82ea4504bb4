// What add_halide_library does with each generator: Halide's generator program, to files; and what autoschedulers do.
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "Halide.h"
#include "tests/generators/generator_run.h"

using namespace atrous;

namespace {

const char* const names[] = {"activations",    "argmax",         "aspp",         "concat",
                             "depth_to_space", "depthwise_conv", "dilated_conv", "dilated_conv_stack",
                             "elementwise",    "hdc_block",      "pad",          "pointwise_conv",
                             "pool",           "resize",         "slice",        "transposed_conv"};

struct Directory {
    std::filesystem::path path = std::filesystem::temp_directory_path() / "atrous_generators_test";
    Directory() { std::filesystem::create_directories(path); }
    ~Directory() { std::filesystem::remove_all(path); }
};

// The command line of a generator program.
int generate(const std::string& name, const Directory& directory, const std::vector<std::string>& params) {
    std::vector<std::string> words{
        "generators", "-g", name, "-f", name, "-e", "object,c_header,registration", "-o", directory.path.string()};
    words.insert(words.end(), params.begin(), params.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    return Halide::Internal::generate_filter_main(static_cast<int>(argv.size()), argv.data());
}

void check_files(const std::string& name, const Directory& directory) {
    for (const char* extension : {".o", ".h", ".registration.cpp"}) {
        CHECK(std::filesystem::file_size(directory.path / (name + extension)) > 0);
    }
}

}  // namespace

TEST_CASE("every operator is registered twice") {
    std::set<std::string> expected;
    for (std::string name : names) expected.insert({name, name + "_scheduled"});
    auto registered = Halide::Internal::GeneratorRegistry::enumerate();
    CHECK(std::set<std::string>(registered.begin(), registered.end()) == expected);
}

TEST_CASE("every generator builds") {
    Directory directory;
    for (std::string name : Halide::Internal::GeneratorRegistry::enumerate()) {
        CAPTURE(name);
        CHECK(generate(name, directory, {"target=host-no_runtime"}) == 0);
        check_files(name, directory);
    }
}

TEST_CASE("scheduled generators build for other targets") {
    Directory directory;
    for (const char* target :
         {"x86-64-linux-no_runtime", "x86-64-linux-avx-avx2-f16c-fma-no_runtime", "arm-64-linux-no_runtime"}) {
        for (std::string name : {"hdc_block_scheduled", "transposed_conv_scheduled", "depthwise_conv_scheduled"}) {
            CAPTURE(name, target);
            CHECK(generate(name, directory, {std::string("target=") + target}) == 0);
            check_files(name, directory);
        }
    }
}

TEST_CASE("every algorithm has the estimates that an autoscheduler needs") {
    Halide::load_plugin(AUTOSCHEDULER_PLUGIN);
    Directory directory;
    for (std::string name : names) {
        CAPTURE(name);
        CHECK(generate(name, directory, {"target=host-no_runtime", "autoscheduler=Mullapudi2016"}) == 0);
        check_files(name, directory);
    }
}

TEST_CASE("buffers that do not fit are refused") {
    GeneratorRun a;
    a.buffers["input"] = random_buffer({8, 8, 4, 1}, 1);
    a.buffers["weights"] = random_buffer({1, 1, 5, 3}, 2);
    a.buffers["bias"] = random_buffer({3}, 3);
    a.floats = {{"alpha", 0.f}, {"beta", 0.f}};
    a.output = {8, 8, 3, 1};
    CHECK_THROWS_WITH(run("pointwise_conv", a),
                      "Error: Input buffer input is accessed at 4, which is beyond the max (3) in dimension 2\n");
    CHECK_THROWS_WITH(run("pointwise_conv_scheduled", a),
                      "Error: Input buffer input is accessed at 4, which is beyond the max (3) in dimension 2\n");
}

TEST_CASE("rates that are no list of rates are refused") {
    for (const char* rates : {"", "1,", "1;2", "0", "-1", "two", "1,2 ,3", "99999999999"}) {
        GeneratorRun a;
        a.params["rates"] = rates;
        CHECK_THROWS_WITH(run("hdc_block", a),
                          Catch::Contains(std::string("rates=") + rates +
                                          ": dilation rates are positive whole numbers with commas between them; "
                                          "give a list like 1,2,5"));
    }
}
