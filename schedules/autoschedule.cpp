#include "schedules/autoschedule.h"

#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "runtime/error.h"
#include "schedules/kernels.h"

namespace atrous {

using namespace Halide;

namespace {

constexpr std::string_view names[] = {"Adams2019", "Mullapudi2016", "Li2018"};

std::string list_of_names() {
    std::string list;
    for (std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
    return list;
}

// The shared library that Halide itself is in: its plugins lie beside it.
std::filesystem::path halide_library() {
    Dl_info info{};
    const auto* symbol = reinterpret_cast<const void*>(static_cast<void (*)(const std::string&)>(&load_plugin));
    if (dladdr(symbol, &info) == 0 || !info.dli_fname) return {};
    return info.dli_fname;
}

// Whether the output's innermost dimension is a block of channels.
bool writes_blocks(const KernelSpec& spec) {
    return std::visit(
        []<class Spec>(const Spec& s) {
            if constexpr (requires { s.packing; }) {
                return s.packing == Packing::c16;
            } else {
                return std::is_same_v<Spec, PackSpec> || std::is_same_v<Spec, FillSpec> ||
                       std::is_same_v<Spec, WinogradWeightsSpec> || std::is_same_v<Spec, WinogradFetchSpec> ||
                       std::is_same_v<Spec, WinogradInputSpec> || std::is_same_v<Spec, BatchedGemmSpec> ||
                       std::is_same_v<Spec, WinogradOutputSpec>;
            }
        },
        spec);
}

void tell_sizes(Kernel& kernel, const std::vector<ArgumentEstimate>& estimates) {
    if (estimates.size() != kernel.parameters.size() + 1)
        throw Error("autoscheduler", "has estimates for another number of arguments");
    for (size_t i = 0; i < kernel.parameters.size(); i++) {
        Parameter& parameter = kernel.parameters[i];
        const ArgumentEstimate& estimate = estimates[i];
        if (!parameter.is_buffer()) {
            parameter.set_estimate(cast(parameter.type(), Expr(estimate.value)));
            continue;
        }
        for (int d = 0; d < parameter.dimensions(); d++) {
            parameter.set_min_constraint_estimate(d, 0);
            parameter.set_extent_constraint_estimate(d, static_cast<int>(estimate.extents.at(static_cast<size_t>(d))));
        }
    }
    Region region;
    for (int64_t extent : estimates.back().extents) region.emplace_back(0, static_cast<int>(extent));
    kernel.output.set_estimates(region);
}

// Whatever a tile hangs over is left out.
void guard_tails(Internal::Definition definition) {
    for (Internal::Split& split : definition.schedule().splits()) split.tail = TailStrategy::GuardWithIf;
}

// A tile that would hang over the output's end is moved back instead, as vectors and unrolled loops like it. Returns
// for which outputs there is room for that.
Expr shift_tails(Internal::Definition definition, std::map<std::string, Expr> extents) {
    Expr fits = Internal::const_true();
    for (Internal::Split& split : definition.schedule().splits()) {
        switch (split.split_type) {
        case Internal::Split::RenameVar:
            extents[split.outer] = extents.at(split.old_var);
            break;
        case Internal::Split::FuseVars:
            extents[split.old_var] = extents.at(split.outer) * extents.at(split.inner);
            break;
        case Internal::Split::SplitVar:
            const Expr extent = extents.at(split.old_var);
            split.tail = TailStrategy::ShiftInwards;
            fits = fits && extent >= split.factor;
            extents[split.outer] = (extent + split.factor - 1) / split.factor;
            extents[split.inner] = split.factor;
            break;
        }
    }
    return Internal::simplify(fits);
}

// Makes the schedule one for any size. Returns for which outputs it is: a condition on `extents`.
Expr settle_tails(const Func& output, const std::vector<Expr>& extents) {
    std::map<std::string, Expr> of_output;
    for (size_t d = 0; d < extents.size(); d++) of_output[output.args()[d].name()] = extents[d];
    Expr fits;
    for (auto& [name, function] : Internal::find_transitive_calls(output.function())) {
        if (!function.has_pure_definition()) continue;
        if (name == output.name())
            fits = shift_tails(function.definition(), of_output);
        else
            guard_tails(function.definition());
        for (const Internal::Definition& update : function.updates()) guard_tails(update);
    }
    return fits;
}

Expr reference(const Internal::LoweredArgument& argument) {
    return argument.is_buffer() ? Internal::Variable::make(type_of<halide_buffer_t*>(), argument.name + ".buffer")
                                : Internal::Variable::make(argument.type, argument.name);
}

Internal::Stmt call(const std::string& function, const std::vector<Internal::LoweredArgument>& arguments) {
    std::vector<Expr> references;
    for (const Internal::LoweredArgument& argument : arguments) references.push_back(reference(argument));
    const Expr result = Internal::Variable::make(Int(32), function + "_result");
    return Internal::LetStmt::make(function + "_result",
                                   Internal::Call::make(Int(32), function, references, Internal::Call::Extern),
                                   Internal::AssertStmt::make(result == 0, result));
}

// The output's extents, as the entry finds them. Those that are always the same are numbers.
std::vector<Expr> extents_of(const Func& output, const Expr& buffer) {
    std::vector<Expr> extents;
    for (int d = 0; d < output.dimensions(); d++) {
        const Expr constraint = output.output_buffer().parameter().extent_constraint(d);
        extents.push_back(constraint.defined() ? constraint
                                               : Internal::Call::make(Int(32), Internal::Call::buffer_get_extent,
                                                                      {buffer, d}, Internal::Call::Extern));
    }
    return extents;
}

// A pipeline's function and the bodies of its parallel loops.
void append(Module& module, const Module& pipeline) {
    for (const Internal::LoweredFunc& function : pipeline.functions()) module.append(function);
}

}  // namespace

std::string check_autoscheduler(const std::string& name) {
    if (std::ranges::count(names, name) == 0) {
        throw Error("--autoscheduler " + name, "is none that Atrous can use, expected one of " + list_of_names(),
                    "choose one of them");
    }
    std::string file = "libautoschedule_" + name + ".so";
    std::ranges::transform(file, file.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::filesystem::path plugin = (halide_library().parent_path() / file).lexically_normal();
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(plugin, ignored)) {
        throw Error(plugin.string(), "is missing, and holds the autoscheduler " + name,
                    "put that file of Halide " + halide_version() + " there, or leave --autoscheduler out");
    }
    try {
        load_plugin(plugin.string());
    } catch (const Halide::Error& error) {
        throw Error(plugin.string(), std::string("cannot be loaded: ") + error.what(),
                    "put that file of Halide " + halide_version() + " there");
    }
    return name;
}

Module autoscheduled_module(const KernelSpec& spec, const SizeHint& hint, const Target& target,
                            const Autoscheduling& how, const std::string& symbol) {
    const Kernel ours = build_kernel(spec, hint, target);
    const Module small =
        Pipeline(ours.output).compile_to_module(ours.arguments, symbol + "_small", target, LinkageType::Internal);
    const std::vector<Internal::LoweredArgument> arguments = small.get_function_by_name(symbol + "_small").args;

    Kernel kernel = build_kernel(spec, hint, target, false);
    tell_sizes(kernel, how.estimates);
    if (writes_blocks(spec)) kernel.output.output_buffer().dim(0).set_extent(channel_block);
    Pipeline pipeline(kernel.output);
    pipeline.apply_autoscheduler(target, {how.autoscheduler});
    const Expr fits = settle_tails(kernel.output, extents_of(kernel.output, reference(arguments.back())));

    // With checks again, of which there is but that of memory left: what is kept between stages may be large.
    Module module(symbol, target.without_feature(Target::NoAsserts));
    append(module, pipeline.compile_to_module(kernel.arguments, symbol + "_tiled", target, LinkageType::Internal));
    append(module, small);
    module.append(Internal::LoweredFunc(
        symbol, arguments,
        Internal::IfThenElse::make(fits, call(symbol + "_tiled", arguments), call(symbol + "_small", arguments)),
        LinkageType::ExternalPlusArgv));
    return module;
}

}  // namespace atrous
