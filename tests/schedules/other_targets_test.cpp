// What cannot run on this machine at least compiles: the fallback schedules take every operator on any CPU.
#include <unistd.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "schedules/registry.h"

using namespace atrous;

namespace {

template <size_t... index>
std::vector<KernelSpec> one_of_each(std::index_sequence<index...>) {
    return {KernelSpec(std::in_place_index<index>)...};
}

// The machine that an ELF object is for.
int machine_of(const std::filesystem::path& object) {
    std::ifstream in(object, std::ios::binary);
    unsigned char header[20] = {};
    in.read(reinterpret_cast<char*>(header), sizeof header);
    return in ? header[18] + 256 * header[19] : -1;
}

}  // namespace

TEST_CASE("every operator compiles for ARM by the fallback schedules") {
    constexpr int aarch64 = 183;
    const auto object = std::filesystem::temp_directory_path() / ("atrous-arm-" + std::to_string(getpid()) + ".o");
    for (const KernelSpec& spec : one_of_each(std::make_index_sequence<std::variant_size_v<KernelSpec>>())) {
        INFO(name_of(spec));
        compile_kernel(spec, {}, "arm-64-linux", {object.string(), "", "", "kernel"});
        CHECK(machine_of(object) == aarch64);
        CHECK(schedule_name(spec, {}, "arm-64-linux").starts_with("fallback/"));
    }
    std::filesystem::remove(object);
    std::fprintf(stderr, "SKIP running them: no ARM CPU here\n");
    CHECK(preferred_packing(ConvSpec{}, 64, 64, 1, "arm-64-linux") == Packing::planar);
}

TEST_CASE("targets that nothing is made for are refused in words") {
    auto message = [](const char* target) {
        try {
            canonical_target(target);
        } catch (const std::exception& error) {
            return std::string(error.what());
        }
        return std::string("taken");
    };
    CHECK(message("x86-64-linux-avx2-fma") == "taken");
    // One feature stands for all that every CPU with it has.
    CHECK(canonical_target("x86-64-linux-avx512_zen4") ==
          "x86-64-linux-avx-avx2-avx512-avx512_cannonlake-avx512_skylake-avx512_zen4-f16c-fma-sse41");
    CHECK(kernel_name(BatchedGemmSpec{}, {12, 0, 64, 64}, "x86-64-linux-avx512_zen4") == "batched_gemm_f32_t12x2r");
    CHECK(message("x86-46-linux") ==
          "target \"x86-46-linux\": is not a Halide target string; use ARCH-BITS-OS with features, like "
          "x86-64-linux-avx2-fma, or host");
    CHECK(
        message("arm-64-linux") ==
        "target \"arm-64-linux\": this build makes code for x86-64-linux only; use host or x86-64-linux with features "
        "like sse41, avx2-fma, avx512_skylake");
    CHECK(message("x86-64-linux-cuda") ==
          "target \"x86-64-linux-cuda\": this build has no GPU schedules; leave the GPU feature out");
}
