#include "schedules/target.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

#include "runtime/error.h"
#include "schedules/registry.h"

namespace atrous {

using namespace Halide;

namespace {

// The features that others imply, as every CPU has them, so that schedules can ask for any of them: a name alone,
// avx512_zen4, is what people write.
Target completed(Target target) {
    constexpr std::pair<Target::Feature, Target::Feature> implied[] = {
        {Target::AVX512_SapphireRapids, Target::AVX512_Zen4},
        {Target::AVX512_SapphireRapids, Target::AVXVNNI},
        {Target::AVX512_Zen5, Target::AVX512_Zen4},
        {Target::AVX512_Zen5, Target::AVXVNNI},
        {Target::AVX512_Zen4, Target::AVX512_Cannonlake},
        {Target::AVX512_Cannonlake, Target::AVX512_Skylake},
        {Target::AVX512_Skylake, Target::AVX512},
        {Target::AVX512_KNL, Target::AVX512},
        {Target::AVX512, Target::AVX2},
        {Target::AVX512, Target::FMA},
        {Target::AVX512, Target::F16C},
        {Target::AVX2, Target::AVX},
        {Target::FMA, Target::AVX},
        {Target::F16C, Target::AVX},
        {Target::AVX, Target::SSE41},
    };
    for (const auto& [feature, other] : implied)
        if (target.arch == Target::X86 && target.has_feature(feature)) target.set_feature(other);
    // Sums of whole images are made in double precision.
    if (target.has_feature(Target::OpenCL)) target.set_feature(Target::CLDoubles);
    if (target.has_feature(Target::CUDA) && target.get_cuda_capability_lower_bound() <= 20)
        target.set_feature(Target::CUDACapability75);
    return target;
}

// Of later ARM architectures: float32 kernels have no use for them, and without them run on every 64-bit ARM CPU.
constexpr Target::Feature unused_on_arm[] = {
    Target::ARMDotProd, Target::ARMFp16, Target::ARMv8a,  Target::ARMv81a, Target::ARMv82a, Target::ARMv83a,
    Target::ARMv84a,    Target::ARMv85a, Target::ARMv86a, Target::ARMv87a, Target::ARMv88a, Target::ARMv89a,
};

// What makes code for a GPU what it is. Of the CPU beside it any will do: all it has to do is to start kernels.
constexpr Target::Feature of_gpus[] = {
    Target::CUDA,   Target::CUDACapability75, Target::CUDACapability80, Target::CUDACapability86,
    Target::OpenCL, Target::CLDoubles,
};

bool is_for_our_gpus(const Target& target) {
    return target.has_feature(Target::CUDA) || target.has_feature(Target::OpenCL);
}

Target without_unused(Target target) {
    if (is_for_our_gpus(target)) {
        Target gpu(target.os, target.arch, target.bits);
        for (Target::Feature feature : of_gpus) gpu.set_feature(feature, target.has_feature(feature));
        return gpu;
    }
    for (Target::Feature feature : unused_on_arm)
        if (target.arch == Target::ARM) target.set_feature(feature, false);
    return target;
}

Target host() {
    Target host = get_host_target();
    // No CPU model, which Halide adds for LLVM's cost tables: it is no instruction set that could be dispatched on.
    host.processor_tune = Target::ProcessorGeneric;
    // Not used (see canonical_target), or nothing that a library looks for when it is opened.
    host.set_features({Target::SVE, Target::SVE2, Target::FMA4, Target::AVX512_KNL, Target::AVX10_1}, false);
    host.vector_bits = 0;
    return host;
}

[[noreturn]] void refuse(std::string_view target, const std::string& what, const std::string& advice) {
    throw Error("target \"" + std::string(target) + "\"", what, advice);
}

// Halide ends the process where it meets a feature of another architecture.
void check_architecture(const std::string& target) {
    constexpr std::pair<std::string_view, std::string_view> features[] = {
        {"sse", "x86"},   {"avx", "x86"},     {"fma", "x86"},          {"f16c", "x86"},    {"x86apx", "x86"},
        {"arm", "arm"},   {"sve", "arm"},     {"no_neon", "arm"},      {"vsx", "powerpc"}, {"power_", "powerpc"},
        {"rvv", "riscv"}, {"hvx", "hexagon"}, {"hexagon_", "hexagon"}, {"wasm_", "wasm"},
    };
    std::istringstream words(target);
    std::string architecture, word;
    std::getline(words, architecture, '-');
    if (architecture == "host") architecture = get_host_target().arch == Target::ARM ? "arm" : "x86";
    while (std::getline(words, word, '-')) {
        for (const auto& [prefix, of] : features) {
            if (word.starts_with(prefix) && of != architecture)
                refuse(target, "has the feature " + word + ", which " + architecture + " does not have",
                       "leave it out");
        }
    }
}

Target parse_as_written(std::string_view text) {
    std::string name(text);
    if (name == "host") return host();
    if (!Target::validate_target_string(name)) {
        refuse(name, "is not a Halide target string",
               "use ARCH-BITS-OS with features, like x86-64-linux-avx2-fma, or host");
    }
    check_architecture(name);
    return Target(name);
}

// A GPU that we have schedules for, which libraries can look for when they are opened.
void check_gpu(std::string_view text) {
    const Target written = parse_as_written(text), target = parse_target(text);
    if (!written.has_gpu_feature()) return;
    const bool cuda = written.has_feature(Target::CUDA), opencl = written.has_feature(Target::OpenCL);
    if (!is_for_our_gpus(written)) {
        refuse(text, "code for GPUs is made for CUDA and OpenCL only", "use x86-64-linux-cuda, or x86-64-linux-opencl");
    }
    if (cuda && opencl) {
        refuse(text, "names two kinds of GPU, expected one in a target",
               "name two targets: x86-64-linux-cuda,x86-64-linux-opencl");
    }
    if (target.arch != Target::X86) {
        refuse(text, "code for GPUs is made for x86-64-linux only", "use x86-64-linux-cuda, or x86-64-linux-opencl");
    }
    if (cuda && written.get_cuda_capability_lower_bound() != target.get_cuda_capability_lower_bound() &&
        written.get_cuda_capability_lower_bound() > 20) {
        refuse(text, "code for CUDA is made for compute capabilities 7.5, 8.0 and 8.6; newer GPUs take it too",
               "use cuda_capability_75, cuda_capability_80 or cuda_capability_86");
    }
}

}  // namespace

Target parse_target(std::string_view text) {
    return without_unused(completed(parse_as_written(text)));
}

std::string canonical_target(std::string_view target) {
    const Target t = parse_target(target);
    const bool known = t.arch == Target::X86 || t.arch == Target::ARM;
    if (!known || t.bits != 64 || t.os != Target::Linux) {
        refuse(target, "this build makes code for x86-64-linux and arm-64-linux only",
               "use host, arm-64-linux, or x86-64-linux with features like sse41, avx2-fma, avx512_skylake, cuda");
    }
    check_gpu(target);
    if (t.features_any_of({Target::SVE, Target::SVE2})) {
        refuse(
            target,
            "SVE code is made for vectors of one length, and on a CPU with another it computes something else, which "
            "nothing would notice",
            "use arm-64-linux, whose NEON code runs on all of them");
    }
    return t.to_string();
}

std::string unused_features(std::string_view target) {
    if (target == "host") return {};  // nobody asked for them
    const Target written = parse_as_written(target);
    const bool gpu = is_for_our_gpus(written);
    std::string names;
    for (int f = 0; f < Target::FeatureEnd; f++) {
        const auto feature = static_cast<Target::Feature>(f);
        if (!written.has_feature(feature)) continue;
        const std::string name = Target::feature_to_name(feature);
        const bool unused = gpu ? !name.starts_with("cuda") && !name.starts_with("cl_") && name != "opencl"
                                : written.arch == Target::ARM && std::ranges::count(unused_on_arm, feature) > 0;
        if (unused) names += (names.empty() ? "" : ", ") + name;
    }
    return names;
}

std::string host_target() {
    return parse_target("host").to_string();
}

}  // namespace atrous
