#include "compiler/emit.h"

#include <bit>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <thread>

#include "compiler/level.h"
#include "runtime/error.h"
#include "runtime/library.h"
#include "runtime/network_cpu.h"
#include "schedules/registry.h"
#include "small_network.h"

using namespace atrous;
namespace fs = std::filesystem;

namespace {

Tensor matrix_of(int64_t length, float first) {
    Tensor tensor;
    tensor.shape = {2, length};
    tensor.bytes.resize(static_cast<size_t>(2 * length) * sizeof(float));
    for (int64_t i = 0; i < 2 * length; ++i) tensor.floats()[i] = first + 0.25f * static_cast<float>(i % 17 - 8);
    return tensor;
}

void check_result(const Tensor& x, const Tensor& y) {
    REQUIRE(y.shape == x.shape);
    for (int64_t i = 0; i < 2 * x.shape[1]; ++i) {
        const float w = i % x.shape[1] % 2 ? 1.0f : -1.0f;
        REQUIRE(y.floats()[i] == std::max(x.floats()[i] + w, 0.0f));
    }
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

// The lines of the header's example, without the comment's stars.
std::string example_of(const std::string& header) {
    std::string code;
    for (const std::string& line : lines_of(header)) {
        if (line == " */") break;
        if (line.rfind(" *     ", 0) == 0) code += line.substr(7) + "\n";
    }
    return code;
}

}  // namespace

TEST_CASE("Two networks link into one C program without a C++ library") {
    const TestFolder folder;
    emit_small_network("first", {}, folder.path());
    emit_small_network("second", {}, folder.path());
    const std::string at = folder.path().string();
    output_of("cc -std=c11 -Wall -Wextra -Wpedantic -Werror -I" + at + " -o " + at +
              "/two " ATROUS_TEST_DIR "/two_networks.c " + at + "/first.a " + at + "/second.a -lpthread -ldl -lm");
    CHECK(output_of(at + "/two") == "0 0\n1.5 2.5\n0 0\n0 0\n1 2\n1 0\nthe input's length must be at most 1000\n");
    CHECK(output_of("ldd " + at + "/two").find("libstdc++") == std::string::npos);
}

TEST_CASE("The header's example is a program, also in C++") {
    const TestFolder folder;
    emit_small_network("net", {}, folder.path());
    const std::string at = folder.path().string();
    std::ofstream(folder / "example.c") << example_of(read_file(folder / "net.h"));
    std::ofstream(folder / "include.cpp") << "#include \"net.h\"\n#include \"net.h\"\n";
    output_of("c++ -std=c++98 -Wall -Wextra -Werror -fsyntax-only -I" + at + " " + at + "/include.cpp");
    output_of("cc -std=c11 -Wall -Wextra -Werror -I" + at + " -o " + at + "/example " + at + "/example.c " + at +
              "/net.a -lpthread -ldl -lm");
    CHECK(output_of(at + "/example") == "no error\n");
}

TEST_CASE("Only names of the network are global") {
    const TestFolder folder;
    emit_small_network("net", {}, folder.path());
    const std::vector<std::string> functions{"close",        "info", "message", "network_v1", "open",
                                             "output_shape", "run",  "target",  "weights",    "workspace_size"};
    std::string expected, expected_dynamic = "atrous_network_v1\n";
    for (const std::string& name : functions) {
        expected += "net_" + name + "\n";
        if (name != "weights") expected_dynamic += "net_" + name + "\n";
    }
    const std::string names = " | awk 'NF == 3 {print $3}' | LC_ALL=C sort";
    CHECK(output_of("nm -g --defined-only " + (folder / "net.a").string() + names) == expected);
    CHECK(output_of("nm -D --defined-only " + (folder / "net.so").string() + names) == expected_dynamic);
    // No process-wide state: nothing writable but what the dynamic linker fills in.
    for (const std::string& line : lines_of(output_of("objdump -h " + (folder / "net.a").string()))) {
        std::istringstream in(line);
        std::string number, section, size;
        in >> number >> section >> size;
        if (section == ".data" || section == ".bss") {
            CAPTURE(line);
            CHECK(size == "00000000");
        }
    }
    // Weights and plan lie in pages that processes share.
    CHECK(output_of("objdump -t " + (folder / "net.a").string()).find(".rodata") != std::string::npos);
    CHECK(output_of("readelf -lW " + (folder / "net.so").string()).find("RWE") == std::string::npos);
}

TEST_CASE("A library is found under any file name and runs") {
    const TestFolder folder;
    emit_small_network("net", {false, false, true, false}, folder.path());
    fs::rename(folder / "net.so", folder / "renamed.so.1");
    const auto library = Library::load(folder / "renamed.so.1");
    const LibraryInfo& info = library->info();
    CHECK(info.name == "net");
    CHECK(info.model_sha256 == std::string(64, '0'));
    CHECK(info.config_json == R"({"input":{"divide":255}})");
    REQUIRE(info.targets.size() == 2);
    CHECK(info.targets.back() == canonical_target("x86-64-linux"));
    REQUIRE(info.inputs.size() == 1);
    CHECK(info.inputs[0].name == "x");
    CHECK(info.inputs[0].type == ATROUS_F32);
    CHECK(info.inputs[0].shape == std::vector<int64_t>{2, -1});
    CHECK(info.inputs[0].dimensions == std::vector<std::string>{"", "length"});
    REQUIRE(info.outputs.size() == 1);
    CHECK(info.outputs[0].shape == std::vector<int64_t>{2, -1});

    for (const std::string& target : info.targets) {
        if (cpu_features_of(target) & ~network::cpu_features()) {
            WARN("SKIP " + target + ": this CPU does not have it");
            continue;
        }
        const OpenNetwork network(library, {"auto", target});
        CHECK(network.target() == target);
        Runner runner(network);
        for (int64_t length : {1, 2, 3, 7, 16, 17, 64, 999, 1000, 5}) {
            const Tensor x = matrix_of(length, 0.5f);
            const std::vector<Tensor> y = runner.run({x}, 1), again = runner.run({x}, 4);
            check_result(x, y.at(0));
            CHECK(y[0].bytes == again.at(0).bytes);
        }
    }
}

TEST_CASE("Threads share a loaded network, each with a runner") {
    const TestFolder folder;
    emit_small_network("net", {false, false, true, false}, folder.path());
    const OpenNetwork network(Library::load(folder / "net.so"));
    std::vector<std::thread> threads;
    std::vector<Tensor> inputs, outputs(4);
    for (int t = 0; t < 4; ++t) inputs.push_back(matrix_of(100 + 37 * t, static_cast<float>(t)));
    for (size_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            Runner runner(network);
            for (int i = 0; i < 20; ++i) outputs[t] = runner.run({inputs[t]}, 1 + i % 2).at(0);
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t t = 0; t < 4; ++t) check_result(inputs[t], outputs[t]);
}

TEST_CASE("What a network cannot take is said in a sentence") {
    const TestFolder folder;
    emit_small_network("net", {false, false, true, false}, folder.path());
    const auto library = Library::load(folder / "net.so");
    const OpenNetwork network(library);
    Runner runner(network);
    const Tensor good = matrix_of(5, 0);
    Tensor tall = good, wrong_type = good, empty = good;
    tall.shape = {5, 2};
    wrong_type.type = ATROUS_I32;
    empty.shape = {2, 0};
    CHECK_THROWS_WITH(runner.run({tall}), "net: input 'x' is float32 5×2, expected float32 2×length");
    CHECK_THROWS_WITH(runner.run({wrong_type}), "net: input 'x' is int32 2×5, expected float32 2×length");
    CHECK_THROWS_WITH(runner.run({empty}), "net: input 'x' is float32 2×0, expected float32 2×length");
    Tensor cut = good;
    cut.bytes.resize(39);
    CHECK_THROWS_WITH(runner.run({cut}), "net: input 'x' holds 39 bytes, its shape needs 40");
    CHECK_THROWS_WITH(runner.run({}), "net: got 0 inputs, expected 1");
    CHECK_THROWS_WITH(runner.run({matrix_of(1001, 0)}), "net: the input's length must be at most 1000");
    CHECK_THROWS_WITH(OpenNetwork(library, {"auto", "x86-64-linux-cray"}),
                      "net: holds no code for --target x86-64-linux-cray, only for " + library->info().targets[0] +
                          ", " + library->info().targets[1] + "; choose among these, or leave it out");
    CHECK_THROWS_WITH(OpenNetwork(library, {"cuda", ""}),
                      "net: holds no code for --device cuda, only for " + library->info().targets[0] + ", " +
                          library->info().targets[1] + "; use another --device or leave it out");
    CHECK_THROWS_WITH(OpenNetwork(library, {"tpu", ""}), "device \"tpu\": is not known; use auto, cpu, cuda or opencl");
    check_result(good, runner.run({good}).at(0));
}

TEST_CASE("Files that are no compiled networks are refused") {
    const TestFolder folder;
    emit_small_network("net", {false, false, true, false}, folder.path());
    const std::string file = (folder / "broken.so").string(), whole = read_file(folder / "net.so");
    const auto load_error = [&](const std::string& bytes) {
        create_file(file, bytes);
        try {
            Library::load(file);
        } catch (const Error& error) {
            return std::string(error.what()).substr(file.size());
        }
        return std::string("loaded");
    };
    const std::string no_library =
        ": is not a shared library, expected a .so made by `atrous compile`; give that .so or the .onnx file";
    const std::string cut = ": is cut short; make it anew with `atrous compile`";
    CHECK(load_error("") == no_library);
    CHECK(load_error("hello") == no_library);
    CHECK(load_error(whole.substr(0, 60)) == no_library);
    CHECK(load_error(whole.substr(0, 100)) == cut);
    CHECK(load_error(whole.substr(0, whole.size() / 2)) == cut);
    CHECK(load_error(whole.substr(0, whole.size() - 1)) == cut);
    std::string arm = whole;
    arm[18] = '\xb7';
    CHECK(load_error(arm) ==
          ": is for another processor, expected one for this machine (x86-64); compile the model with --target host");
    CHECK(load_error(whole) == "loaded");
    CHECK_THROWS_WITH(Library::load(folder / "absent.so"),
                      (folder / "absent.so").string() + ": cannot be opened: No such file or directory");

    std::ofstream(folder / "other.c") << "int other(void) { return 1; }\n";
    output_of("cc -shared -fPIC -o " + (folder / "other.so").string() + " " + (folder / "other.c").string());
    CHECK_THROWS_WITH(Library::load(folder / "other.so"),
                      (folder / "other.so").string() +
                          ": is a shared library but holds no network, expected a .so made by `atrous compile`");
}

TEST_CASE("The same network gives the same bytes, and nothing else is left") {
    const TestFolder one, other;
    emit_small_network("net", {}, one.path());
    emit_small_network("net", {}, other.path());
    emit_small_network("net", {}, other.path());
    for (const char* file : {"net.a", "net.so", "net.h"}) {
        CAPTURE(file);
        CHECK(read_file(one / file) == read_file(other / file));
    }
    CHECK(std::distance(fs::directory_iterator(other.path()), fs::directory_iterator()) == 3);
    // No path of the machine that made it.
    CHECK(read_file(one / "net.a").find(one.path().string()) == std::string::npos);
    CHECK(read_file(one / "net.so").find(one.path().string()) == std::string::npos);
}

TEST_CASE("Names are C identifiers") {
    CHECK(name_from("/models/u2net.onnx") == "u2net");
    CHECK(name_from("my-net v1.2.onnx") == "my_net_v1_2");
    CHECK(name_from("2net.onnx") == "net_2net");
    CHECK(name_from("ñ.onnx") == "__");
    CHECK_NOTHROW(check_name("_a9"));
    CHECK_THROWS_WITH(
        check_name("a-b"),
        "a-b: cannot be a network's name, expected a C identifier; choose letters, digits and underscores "
        "with --name");
    CHECK_THROWS_AS(check_name(""), Error);
    CHECK_THROWS_AS(check_name("1a"), Error);
    CHECK_THROWS_AS(check_name(std::string(129, 'a')), Error);
}

TEST_CASE("Targets are sorted, best first, and must fit together") {
    const std::string plain = "x86-64-linux", avx2 = "x86-64-linux-avx-avx2-f16c-fma-sse41",
                      avx512 = "x86-64-linux-avx-avx2-avx512-avx512_skylake-f16c-fma-sse41";
    CHECK(sort_targets({plain, avx512, avx2}) == std::vector<std::string>{avx512, avx2, plain});
    CHECK(cpu_features_of(plain) == 0);
    CHECK_THROWS_WITH(sort_targets({avx2, avx2}), avx2 + ": is given twice as a target; leave one out");
    CHECK_THROWS_WITH(sort_targets({plain, "arm-64-linux"}),
                      "arm-64-linux: cannot be in one library with x86-64-linux; compile once for each");
    CHECK_THROWS_WITH(
        cpu_features_of("x86-64-linux-magic"),
        "x86-64-linux-magic: has the feature magic, which a library cannot look for when it is opened; leave "
        "it out");
}

TEST_CASE("Whatever CPU a target is, libraries can look for it when they are opened") {
    CHECK((cpu_features_of(host_target()) & ~network::cpu_features()) == 0);
    const uint64_t zen4 = cpu_features_of(canonical_target("x86-64-linux-avx512_zen4"));
    for (const char* later : {"avx512_zen5", "avx512_sapphirerapids"}) {
        const uint64_t features = cpu_features_of(canonical_target(std::string("x86-64-linux-") + later));
        CHECK((features & zen4) == zen4);
        CHECK((features & network::cpu_avxvnni) != 0);
        CHECK(std::popcount(features & ~zen4) == 2);  // that, and its own
    }
}

TEST_CASE("A missing tool is named with its package") {
    const TestFolder folder;
    const std::string path = getenv("PATH");
    setenv("PATH", folder.path().c_str(), 1);
    std::string message;
    try {
        emit_small_network("net", {}, folder.path());
    } catch (const Error& error) {
        message = error.what();
    }
    setenv("PATH", path.c_str(), 1);
    CHECK(message == "as: is not installed, and is needed to make libraries; install it with `apt install binutils`");
    CHECK(fs::is_empty(folder.path()));
}
