#include "schedules/registry.h"

#include <cstdlib>

#include "Halide.h"
#include "runtime/error.h"
#include "schedules/arm/register_tile.h"
#include "schedules/autoschedule.h"
#include "schedules/kernels.h"
#include "schedules/rules.h"
#include "schedules/target.h"
#include "schedules/x86/register_tile.h"
#include "schedules_version.h"

namespace atrous {

using namespace Halide;

namespace {

// What every kernel is compiled with: the runtime has checked the buffers, and gives the thread pool by user context.
Target kernel_target(const Target& target) {
    return target.with_feature(Target::NoRuntime)
        .with_feature(Target::NoAsserts)
        .with_feature(Target::NoBoundsQuery)
        .with_feature(Target::UserContext);
}

bool has_blocked_schedules(const Target& target) {
    return !target.has_gpu_feature() && (target.arch == Target::X86 || is_arm64(target));
}

template <class Spec>
struct RuleOf;
template <>
struct RuleOf<ConvSpec> {
    static constexpr auto& rules = dilated_conv_rules;
};
template <>
struct RuleOf<DepthwiseConvSpec> {
    static constexpr auto& rules = depthwise_conv_rules;
};
template <>
struct RuleOf<TransposedConvSpec> {
    static constexpr auto& rules = transposed_conv_rules;
};
template <>
struct RuleOf<BatchedGemmSpec> {
    static constexpr auto& rules = batched_gemm_rules;
};

// Name of the rule and text of its layout, without building the algorithm.
struct Decision {
    std::string rule, layout;
};

Decision decide(const KernelSpec& spec, const SizeHint& hint, const Target& target) {
    return std::visit(
        [&](const auto& s) -> Decision {
            if constexpr (requires { RuleOf<std::decay_t<decltype(s)>>::rules; }) {
                auto choice = choose(RuleOf<std::decay_t<decltype(s)>>::rules, s, hint, target);
                return {choice.rule->name, choice.layout.text()};
            } else {
                std::string name = name_of(spec);
                return {(target.has_gpu_feature() ? "gpu/" : "fallback/") + name.substr(0, name.find("_f32")), {}};
            }
        },
        spec);
}

std::map<OutputFileType, std::string> outputs_of(const KernelFiles& files) {
    std::map<OutputFileType, std::string> outputs{{OutputFileType::object, files.object}};
    if (!files.assembly.empty()) outputs[OutputFileType::assembly] = files.assembly;
    if (!files.statements.empty()) outputs[OutputFileType::stmt] = files.statements;
    if (!files.device_code.empty()) outputs[OutputFileType::device_code] = files.device_code;
    return outputs;
}

}  // namespace

Packing preferred_packing(const ConvSpec&, int64_t channels_in, int64_t channels_out, int64_t groups,
                          std::string_view target) {
    if (!has_blocked_schedules(parse_target(target))) return Packing::planar;
    bool depthwise = channels_in == 1 && channels_out == 1;
    bool whole_blocks = channels_in % channel_block == 0 && channels_out % channel_block == 0;
    return groups == 1 || depthwise || whole_blocks ? Packing::c16 : Packing::planar;
}

bool wants_blocked_filters(const ConvSpec& spec, std::string_view target) {
    return spec.packing == Packing::planar && !spec.grouped && parse_target(target).has_gpu_feature();
}

bool has_winograd_schedules(std::string_view target) {
    return has_blocked_schedules(parse_target(target));
}

double most_phased_taps(std::string_view text) {
    const Target target = parse_target(text);
    if (target.arch != Target::X86 || target.has_gpu_feature()) return 0;
    return products_per_cycle(target) > 1 ? 2.25 : 1;
}

int panel_tiles(const SizeHint& hint, std::string_view text, bool only_level) {
    const Target target = parse_target(text);
    if (is_arm64(target)) return arm::panel_tiles(hint);
    return target.arch == Target::X86 ? x86::panel_tiles(hint, target, only_level) : 1;
}

Core core_of(std::string_view text) {
    const Target target = parse_target(text);
    Core core;
    core.products_per_cycle = products_per_cycle(target);
    const bool is_intel = core.products_per_cycle > 1 && !target.has_feature(Target::AVX512_Zen5);
    if (is_arm64(target)) {
        core.narrowest_tile = 4;
        core.widest_tile = 6;
    } else if (has_avx512(target)) {
        core.most_axis_elements = 10;
        core.most_elements = is_intel ? 64 : 100;
    } else {
        core.narrowest_tile = core.widest_tile = target.has_feature(Target::AVX) ? 3 : 2;
    }
    // Measured with AVX-512 on AMD's Zen 4 and Zen 5 and on two generations of Intel's cores, of which the older one
    // has slower caches; others have what Zen 4 has.
    core.fetches_ahead = target.arch == Target::X86 && !is_intel;
    core.by_element = is_intel;
    if (is_intel) core.shared_cache = 16 << 20;
    if (is_intel && !target.has_feature(Target::AVX512_Zen4)) core.traffic = 2.5;
    return core;
}

std::string kernel_name(const KernelSpec& spec, const SizeHint& hint, std::string_view target) {
    Decision decision = decide(spec, hint, parse_target(target));
    return decision.layout.empty() ? name_of(spec) : name_of(spec) + "_" + decision.layout;
}

namespace {

// The choice, the space it is in.
struct Decisions {
    Layout layout;
    Space space;
};

Decisions decisions(const KernelSpec& spec, const SizeHint& hint, const Target& target) {
    return std::visit(
        [&](const auto& s) -> Decisions {
            if constexpr (requires { RuleOf<std::decay_t<decltype(s)>>::rules; }) {
                const auto choice = choose(RuleOf<std::decay_t<decltype(s)>>::rules, s, hint, target);
                return {choice.layout, space_of(*choice.rule, s, hint, target)};
            } else {
                return {};
            }
        },
        spec);
}

// What the space leaves open is not decided.
Tuning tuning_of(const Layout& layout, const Space& space) {
    Tuning tuning;
    if (!space.tile_x.empty()) tuning.tile_x = layout.tile_x;
    if (!space.tile_blocks.empty()) tuning.tile_blocks = layout.tile_blocks;
    if (!space.depth.empty()) tuning.depth = layout.depth;
    if (!space.blocks_outer.empty()) tuning.blocks_outer = layout.blocks_outer;
    if (!space.unroll.empty()) tuning.unroll = layout.unroll;
    return tuning;
}

}  // namespace

int tiles_at_a_time(const BatchedGemmSpec& spec, const SizeHint& hint, std::string_view target) {
    return decisions(spec, hint, parse_target(target)).layout.tile_x;
}

std::vector<Tuning> legal_tunings(const KernelSpec& spec, const SizeHint& hint, std::string_view target) {
    SizeHint untuned = hint;
    untuned.tuning = {};
    const Decisions made = decisions(spec, untuned, parse_target(target));
    std::vector<Tuning> tunings{tuning_of(made.layout, made.space)};
    for (const Layout& layout : made.space.all()) {
        const Tuning tuning = tuning_of(layout, made.space);
        if (tuning != tunings.front()) tunings.push_back(tuning);
    }
    return tunings;
}

bool is_legal_tuning(const KernelSpec& spec, const SizeHint& hint, std::string_view target) {
    const Decisions made = decisions(spec, hint, parse_target(target));
    const auto is_decided = [](int wanted, int made) { return wanted == Tuning::open || wanted == made; };
    const Tuning &wanted = hint.tuning, tuning = tuning_of(made.layout, made.space);
    return is_decided(wanted.tile_x, tuning.tile_x) && is_decided(wanted.tile_blocks, tuning.tile_blocks) &&
           is_decided(wanted.depth, tuning.depth) && is_decided(wanted.blocks_outer, tuning.blocks_outer) &&
           is_decided(wanted.unroll, tuning.unroll);
}

std::string schedule_name(const KernelSpec& spec, const SizeHint& hint, std::string_view target) {
    Decision decision = decide(spec, hint, parse_target(target));
    return decision.layout.empty() ? decision.rule : decision.rule + " " + decision.layout;
}

void compile_kernel(const KernelSpec& spec, const SizeHint& hint, const std::string& target, const KernelFiles& files) {
    try {
        Target t = kernel_target(parse_target(target));
        Kernel kernel = build_kernel(spec, hint, t);
        // Halide emits symbol(...) and symbol_argv(void**): the first is renamed out of the way by making it the
        // prefix. Descriptions of the arguments, which nobody reads, were a seventh of what U²-Net's library has beside
        // its weights.
        Halide::Pipeline(kernel.output)
            .compile_to_module(kernel.arguments, files.symbol, t, Halide::LinkageType::ExternalPlusArgv)
            .compile(outputs_of(files));
    } catch (const Halide::Error& error) {
        throw Error("kernel " + kernel_name(spec, hint, target),
                    "Halide cannot compile it for " + target + ": " + error.what(),
                    "please report this with the model");
    }
}

std::string Autoscheduling::text() const {
    std::string text = autoscheduler;
    for (const ArgumentEstimate& estimate : estimates) {
        text += ' ';
        if (estimate.extents.empty()) text += std::to_string(estimate.value);
        for (size_t d = 0; d < estimate.extents.size(); d++)
            text += (d == 0 ? "" : "x") + std::to_string(estimate.extents[d]);
    }
    return text;
}

void autoschedule_kernel(const KernelSpec& spec, const SizeHint& hint, const std::string& target,
                         const Autoscheduling& how, const KernelFiles& files) {
    // Adams2019 unrolls what has the same extent in all its estimates; at other sizes a loop does too.
    setenv("HL_PERMIT_FAILED_UNROLL", "1", 1);
    try {
        autoscheduled_module(spec, hint, kernel_target(parse_target(target)), how, files.symbol)
            .compile(outputs_of(files));
    } catch (const Halide::Error& error) {
        throw Error(how.autoscheduler, error.what());
    }
}

void compile_gpu_runtime(const std::string& object) {
    try {
        compile_standalone_runtime(object, Target("x86-64-linux-cuda-opencl"));
    } catch (const Halide::Error& error) {
        throw Error(object, std::string("Halide cannot write its runtime: ") + error.what());
    }
}

std::string_view schedules_version() {
    return ATROUS_SCHEDULES_VERSION;
}

std::string halide_version() {
    return std::to_string(HALIDE_VERSION_MAJOR) + "." + std::to_string(HALIDE_VERSION_MINOR) + "." +
           std::to_string(HALIDE_VERSION_PATCH);
}

std::string llvm_version() {
    int version = Internal::get_llvm_version();
    return std::to_string(version / 10) + "." + std::to_string(version % 10);
}

}  // namespace atrous
