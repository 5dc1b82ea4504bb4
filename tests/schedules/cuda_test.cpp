// What cannot run without a GPU at least is made, and assembled by NVIDIA's own assembler where there is one: every
// kernel, without spilled registers.
#include <unistd.h>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "schedules/registry.h"

using namespace atrous;

namespace {

template <size_t... index>
std::vector<KernelSpec> one_of_each(std::index_sequence<index...>) {
    return {KernelSpec(std::in_place_index<index>)...};
}

struct Sized {
    KernelSpec spec;
    SizeHint hint;
};

ConvSpec square(int kernel, int stride = 1, Packing packing = Packing::planar) {
    ConvSpec spec;
    spec.packing = packing;
    spec.kernel_x = spec.kernel_y = kernel;
    spec.stride_x = spec.stride_y = stride;
    spec.blocked_filters = packing == Packing::planar;
    return spec;
}

// One of each, and what networks spend their time in.
std::vector<Sized> kernels() {
    std::vector<Sized> all;
    for (const KernelSpec& spec : one_of_each(std::make_index_sequence<std::variant_size_v<KernelSpec>>()))
        all.push_back({spec, {}});
    for (auto [width, channels] : {std::pair{320, 64}, {40, 256}, {33, 16}, {320, 1}})
        all.push_back({square(3), {width, width, 64, channels}});
    all.push_back({square(1), {65, 65, 1024, 256}});
    all.push_back({square(7, 2), {160, 160, 3, 64}});
    all.push_back({square(3, 1, Packing::c16), {}});
    ConvSpec grouped = square(3);
    grouped.grouped = true;
    grouped.blocked_filters = false;
    all.push_back({grouped, {}});
    DepthwiseConvSpec depthwise;
    depthwise.kernel_x = depthwise.kernel_y = 3;
    all.push_back({depthwise, {}});
    depthwise.kernel_x = depthwise.kernel_y = 5;
    all.push_back({depthwise, {}});
    TransposedConvSpec transposed;
    transposed.kernel_x = transposed.kernel_y = 4;
    transposed.stride_x = transposed.stride_y = 2;
    all.push_back({transposed, {}});
    ResizeSpec resize;
    resize.mode = ResizeMode::linear;
    all.push_back({resize, {}});
    ArgmaxSpec argmax;
    argmax.scattered = true;
    all.push_back({argmax, {}});
    return all;
}

std::string contents(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

// The largest number that `pattern` captures in `text`; −1 where it does not occur.
int largest(const std::string& text, const char* pattern) {
    const std::regex regex(pattern);
    int result = -1;
    for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match)
        result = std::max(result, std::stoi((*match)[1]));
    return result;
}

// "32×4 threads, 26752 bytes" of shared memory, as the call that starts the kernel says; "?": known only then.
std::string block_of(const std::string& statements) {
    const std::regex call(
        R"(halide_cuda_run\([^"]*"[^"]*", [^,]*, [^,]*, [^,]*, ([^,]*), ([^,]*), ([^,]*), (0 \+ )?([^,]*),)");
    std::smatch match;
    if (!std::regex_search(statements, match, call)) return {};
    auto number = [](const std::string& text) {
        const std::regex product(R"(\(?(\d+)(\*(\d+))?\)?)");
        std::smatch parts;
        if (!std::regex_match(text, parts, product)) return std::string("?");
        return std::to_string(std::stoi(parts[1]) * (parts[3].matched ? std::stoi(parts[3]) : 1));
    };
    return number(match[1]) + "×" + number(match[2]) + " threads, " + number(match[5]) + " bytes";
}

}  // namespace

TEST_CASE("every kernel for CUDA is assembled without spilled registers") {
    if (std::getenv("ATROUS_TEST_TARGET")) return;
    const bool assembler = std::system("command -v ptxas >/dev/null") == 0;
    if (!assembler) std::fprintf(stderr, "SKIP assembling kernels for CUDA: no ptxas on PATH\n");
    const auto base = std::filesystem::temp_directory_path() / ("atrous-cuda-" + std::to_string(getpid()));
    const KernelFiles files{base.string() + ".o", "", base.string() + ".stmt", "kernel", base.string() + ".ptx"};
    const std::string log = base.string() + ".log";
    const char* const target = "x86-64-linux-cuda-cuda_capability_80";
    for (const auto& [spec, hint] : kernels()) {
        const std::string name = kernel_name(spec, hint, target);
        INFO(name);
        CHECK(schedule_name(spec, hint, target).starts_with("gpu/"));
        compile_kernel(spec, hint, target, files);
        const std::string ptx = contents(files.device_code);
        CHECK(ptx.find(".entry") != std::string::npos);
        const std::string block = block_of(contents(files.statements));
        CHECK(block != "");
        if (!assembler) continue;
        std::ofstream(files.device_code, std::ios::binary) << ptx.substr(0, ptx.find('\0'));
        std::string registers;
        for (const char* architecture : {"sm_80", "sm_90"}) {
            const int status = std::system(("ptxas -v -o /dev/null -arch=" + std::string(architecture) + " " +
                                            files.device_code + " >" + log + " 2>&1")
                                               .c_str());
            const std::string said = contents(log);
            INFO(architecture << "\n" << said);
            CHECK(status == 0);
            CHECK(largest(said, R"((\d+) bytes spill stores)") == 0);
            CHECK(largest(said, R"((\d+) bytes spill loads)") == 0);
            registers += (registers.empty() ? "" : ", ") + std::to_string(largest(said, R"(Used (\d+) registers)"));
        }
        std::printf("%s: %s registers on sm_80, sm_90; %s\n", name.c_str(), registers.c_str(), block.c_str());
    }
    for (const std::string& path : {files.object, files.statements, files.device_code, log})
        std::filesystem::remove(path);
}
