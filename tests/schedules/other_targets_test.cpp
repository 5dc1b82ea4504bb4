// On CPUs that have no schedules of their own the fallback schedules take every operator: what cannot run here at least
// compiles. And which targets there are.
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

TEST_CASE("every operator compiles for a CPU without schedules of its own") {
    constexpr int arm32 = 40;
    const char* const target = "arm-32-linux";
    const auto object = std::filesystem::temp_directory_path() / ("atrous-arm32-" + std::to_string(getpid()) + ".o");
    for (const KernelSpec& spec : one_of_each(std::make_index_sequence<std::variant_size_v<KernelSpec>>())) {
        INFO(name_of(spec));
        compile_kernel(spec, {}, target, {object.string(), "", "", "kernel"});
        CHECK(machine_of(object) == arm32);
        CHECK(schedule_name(spec, {}, target).starts_with("fallback/"));
    }
    std::filesystem::remove(object);
    std::fprintf(stderr, "SKIP running them: no such CPU here\n");
    CHECK(preferred_packing(ConvSpec{}, 64, 64, 1, target) == Packing::planar);
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
    // Zen 5 and Intel's later CPUs have the features of Zen 4, but not its one product a cycle.
    CHECK(core_of("x86-64-linux-avx512_zen4").products_per_cycle == 1);
    CHECK(core_of("x86-64-linux-avx512_sapphirerapids").products_per_cycle == 2);
    CHECK(core_of("x86-64-linux-avx512_zen5").products_per_cycle == 2);
    CHECK(core_of("x86-64-linux-avx512_skylake").products_per_cycle == 2);
    CHECK(message("x86-46-linux") ==
          "target \"x86-46-linux\": is not a Halide target string; use ARCH-BITS-OS with features, like "
          "x86-64-linux-avx2-fma, or host");
    CHECK(message("arm-32-linux") ==
          "target \"arm-32-linux\": this build makes code for x86-64-linux and arm-64-linux only; use host, "
          "arm-64-linux, or x86-64-linux with features like sse41, avx2-fma, avx512_skylake, cuda");
    CHECK(message("arm-64-osx").find("this build makes code for") != std::string::npos);
    CHECK(
        message("arm-64-linux-sve2-vector_bits_256") ==
        "target \"arm-64-linux-sve2-vector_bits_256\": SVE code is made for vectors of one length, and on a CPU with "
        "another it computes something else, which nothing would notice; use arm-64-linux, whose NEON code runs on all "
        "of them");
    CHECK(message("arm-64-linux-avx2") ==
          "target \"arm-64-linux-avx2\": has the feature avx2, which arm does not have; leave it out");
    CHECK(message("x86-64-linux-sve2") ==
          "target \"x86-64-linux-sve2\": has the feature sve2, which x86 does not have; leave it out");
    CHECK(message("x86-64-linux-armv82a") ==
          "target \"x86-64-linux-armv82a\": has the feature armv82a, which x86 does not have; leave it out");
    // Taken, though of no use.
    CHECK(canonical_target("arm-64-linux-arm_dot_prod-arm_fp16-armv82a") == "arm-64-linux");
    CHECK(unused_features("arm-64-linux-arm_dot_prod-arm_fp16-armv82a") == "arm_dot_prod, arm_fp16, armv82a");
    CHECK(unused_features("arm-64-linux") == "");
    CHECK(unused_features("x86-64-linux-avx2-fma") == "");
}

TEST_CASE("Targets on GPUs are spelled out, with the CPU that comes with them left open") {
    CHECK(canonical_target("x86-64-linux-cuda") == "x86-64-linux-cuda-cuda_capability_75");
    CHECK(canonical_target("x86-64-linux-avx2-fma-cuda-cuda_capability_86") == "x86-64-linux-cuda-cuda_capability_86");
    CHECK(unused_features("x86-64-linux-avx2-fma-cuda-cuda_capability_86") == "avx2, fma");
    CHECK(canonical_target("x86-64-linux-opencl") == "x86-64-linux-cl_doubles-opencl");
    CHECK(unused_features("x86-64-linux-opencl") == "");
    CHECK_THROWS_WITH(canonical_target("x86-64-linux-cuda-opencl"),
                      "target \"x86-64-linux-cuda-opencl\": names two kinds of GPU, expected one in a target; name two "
                      "targets: x86-64-linux-cuda,x86-64-linux-opencl");
    CHECK_THROWS_WITH(canonical_target("x86-64-linux-metal"),
                      "target \"x86-64-linux-metal\": code for GPUs is made for CUDA and OpenCL only; use "
                      "x86-64-linux-cuda, or x86-64-linux-opencl");
    CHECK_THROWS_WITH(canonical_target("arm-64-linux-opencl"),
                      "target \"arm-64-linux-opencl\": code for GPUs is made for x86-64-linux only; use "
                      "x86-64-linux-cuda, or x86-64-linux-opencl");
    CHECK_THROWS_WITH(canonical_target("x86-64-linux-cuda-cuda_capability_70"),
                      "target \"x86-64-linux-cuda-cuda_capability_70\": code for CUDA is made for compute capabilities "
                      "7.5, 8.0 and 8.6; newer GPUs take it too; use cuda_capability_75, cuda_capability_80 or "
                      "cuda_capability_86");
}
