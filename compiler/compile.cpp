#include "compiler/compile.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "compiler/emit.h"
#include "compiler/files.h"
#include "compiler/import.h"
#include "compiler/kernel_cache.h"
#include "compiler/level.h"
#include "compiler/lower.h"
#include "compiler/onnx_reader.h"
#include "compiler/sha256.h"
#include "compiler/support.h"
#include "compiler/weight_store.h"
#include "runtime/abi.h"
#include "runtime/error.h"
#include "schedules/registry.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

// What is asked for, with all that was left open filled in.
struct Settings {
    std::string name;
    fs::path directory, cache, support;
    std::vector<std::string> targets;
    int jobs = 1;

    // Those for GPUs and those for CPUs: each kind that there is has one plan.
    std::vector<std::vector<std::string>> kinds() const {
        std::vector<std::vector<std::string>> kinds;
        for (const std::string& target : targets) {
            if (kinds.empty() || is_for_gpu(kinds.back().front()) != is_for_gpu(target)) kinds.emplace_back();
            kinds.back().push_back(target);
        }
        return kinds;
    }
};

// A network with all its plans.
struct Lowered {
    std::string sha256;
    std::vector<LoweredNetwork> plans;  // of each kind of target
    std::vector<uint8_t> weights;
};

int available_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

void check_autoscheduling(const std::string& name, const std::vector<std::string>& targets) {
    check_autoscheduler(name);
    const auto gpu = std::ranges::find_if(targets, is_for_gpu);
    if (gpu == targets.end()) return;
    throw Error("--autoscheduler " + name, "schedules kernels for CPUs only, and " + *gpu + " is for a GPU",
                "leave that target or the autoscheduler out");
}

Settings settle(const CompileOptions& options) {
    Settings settings;
    settings.name = options.name.empty() ? name_from(options.model) : options.name;
    check_name(settings.name);
    settings.directory = options.directory.empty() ? options.model.parent_path() : options.directory;
    settings.cache = options.cache.empty() ? default_cache() : options.cache;
    settings.support = support_folder(options.support);
    if (options.targets.empty()) throw Error("--target", "names no target", "use --target host");
    for (const std::string& target : options.targets) settings.targets.push_back(canonical_target(target));
    settings.targets = sort_targets(std::move(settings.targets));
    const auto is_cuda = [](const std::string& target) { return device_of(target) == ATROUS_DEVICE_CUDA; };
    if (options.ptx && std::none_of(settings.targets.begin(), settings.targets.end(), is_cuda)) {
        throw Error("--emit ptx", "none of the targets is for CUDA", "add --target x86-64-linux-cuda");
    }
    if (options.tuning) {
        std::vector<std::string> planned;  // those that the plans are made for
        for (const auto& kind : settings.kinds()) planned.push_back(kind.front());
        options.tuning->check_target(planned);
    }
    if (!options.autoscheduler.empty()) check_autoscheduling(options.autoscheduler, settings.targets);
    settings.jobs = options.jobs > 0 ? options.jobs : available_cpus();
    return settings;
}

void report_progress(const CompileOptions& options, const char* stage, int done, int total) {
    if (options.progress) options.progress(stage, done, total);
}

Lowered import_and_lower(const CompileOptions& options, const Settings& settings) {
    report_progress(options, "import", 0, 1);
    Network network = import_onnx(options.model, ImportOptions{options.dynamic});
    Lowered lowered;
    lowered.sha256 = network.sha256;
    report_progress(options, "import", 1, 1);
    report_progress(options, "plan", 0, 1);
    WeightStore weights;
    const auto kinds = settings.kinds();
    lowered.plans.resize(kinds.size());
    // CPUs, which come last, first: a GPU takes filters in the order in which those are stored.
    for (size_t kind = kinds.size(); kind-- > 0;) {
        LowerOptions lower_options{kinds[kind],          options.optimise_height, options.optimise_width,
                                   options.winograd,     options.keep_all,        &weights,
                                   options.autoscheduler};
        const bool is_tuned = options.tuning && kinds[kind].front() == options.tuning->identity().target;
        if (is_tuned) lower_options.tuning = &*options.tuning;
        lowered.plans[kind] = lower(kind == 0 ? std::move(network) : network, lower_options);
    }
    lowered.weights = weights.take();
    report_progress(options, "plan", 1, 1);
    return lowered;
}

// Every kernel for every target, target by target.
CompiledKernels make_kernels(const CompileOptions& options, const Settings& settings, const Lowered& lowered,
                             const WorkFolder& folder) {
    std::vector<KernelRequest> requests;
    const auto kinds = settings.kinds();
    for (size_t kind = 0; kind < kinds.size(); ++kind) {
        for (const std::string& target : kinds[kind]) {
            for (const LoweredKernel& kernel : lowered.plans[kind].kernels)
                requests.push_back({kernel.spec, kernel.hint, target, kernel.autoscheduling});
        }
    }
    KernelOptions kernel_options;
    kernel_options.folder = folder.path();
    kernel_options.cache = settings.cache;
    kernel_options.jobs = settings.jobs;
    kernel_options.seconds = options.kernel_seconds;
    kernel_options.assembly = options.assembly;
    kernel_options.statements = options.statements;
    kernel_options.device_code = options.ptx;
    kernel_options.progress = [&](int done, int total) { report_progress(options, "kernels", done, total); };
    return compile_kernels(requests, kernel_options);
}

// The code of all kernels in one file, for reading. Halide ends that for GPUs with zeros.
std::string join_listings(const CompiledKernels& kernels, std::string CompiledKernel::*file, const std::string& comment,
                          const WorkFolder& folder) {
    std::string text;
    for (const CompiledKernel& kernel : kernels.kernels) {
        if ((kernel.*file).empty()) continue;
        const std::string listing = read_file(folder / (kernel.*file));
        text += comment + " " + kernel.symbol + "\n" + listing.substr(0, listing.find('\0')) + "\n";
    }
    return text;
}

std::vector<std::string> write_listings(const CompileOptions& options, const Settings& settings,
                                        const CompiledKernels& kernels, const WorkFolder& folder) {
    std::vector<std::string> files;
    if (options.assembly) {
        files.push_back(settings.name + ".s");
        create_file(folder / files.back(), join_listings(kernels, &CompiledKernel::assembly, "#", folder));
    }
    if (options.statements) {
        files.push_back(settings.name + ".stmt");
        create_file(folder / files.back(), join_listings(kernels, &CompiledKernel::statements, "//", folder));
    }
    if (options.ptx) {
        files.push_back(settings.name + ".ptx");
        create_file(folder / files.back(), join_listings(kernels, &CompiledKernel::device_code, "//", folder));
    }
    return files;
}

Emission make_emission(const CompileOptions& options, const Settings& settings, Lowered& lowered,
                       const CompiledKernels& kernels) {
    Emission emission;
    emission.name = settings.name;
    emission.weights = std::move(lowered.weights);
    emission.model_sha256 = lowered.sha256;
    emission.config_json = options.config_json.value_or("");
    emission.targets = settings.targets;
    emission.support = settings.support;
    emission.heap = !options.autoscheduler.empty();
    auto request = kernels.of_request.begin();
    const auto kinds = settings.kinds();
    for (size_t kind = 0; kind < kinds.size(); ++kind) {
        emission.plans.push_back(std::move(lowered.plans[kind].plan));
        for (size_t target = 0; target < kinds[kind].size(); ++target) {
            emission.plan_of.push_back(kind);
            std::vector<std::string>& symbols = emission.symbols.emplace_back();
            for (size_t k = 0; k < lowered.plans[kind].kernels.size(); ++k)
                symbols.push_back(kernels.kernels[*request++].symbol + "_argv");
        }
    }
    for (const CompiledKernel& kernel : kernels.kernels) emission.objects.push_back(kernel.object);
    return emission;
}

uint64_t size_of(const WorkFolder& folder, const std::vector<std::string>& files) {
    uint64_t bytes = 0;
    for (const std::string& file : files) bytes += fs::file_size(folder / file);
    return bytes;
}

void note_sizes(CompileReport& report, const Emission& emission, const std::vector<std::string>& files,
                const WorkFolder& folder) {
    report.bytes["weights"] = emission.weights.size();
    report.bytes["kernels"] = size_of(folder, emission.objects);
    const std::pair<const char*, std::string> kinds[] = {{"library", emission.name + ".a"},
                                                         {"shared", emission.name + ".so"},
                                                         {"app", emission.name},
                                                         {"probe", emission.name + ".probe"}};
    for (const auto& [kind, file] : kinds) {
        if (std::find(files.begin(), files.end(), file) != files.end()) report.bytes[kind] = size_of(folder, {file});
    }
}

// Which kernels our schedules took from an autoscheduler, each once, and the operators that show it.
void note_fallbacks(CompileReport& report, const Settings& settings, const Lowered& lowered,
                    const CompiledKernels& kernels) {
    const std::vector<LoweredKernel>& asked = lowered.plans.front().kernels;
    std::set<size_t> noted;
    for (const auto& [request, reason] : kernels.fallbacks) {
        const size_t kernel = kernels.of_request[request];
        if (noted.insert(kernel).second)
            report.fallbacks.push_back(
                {kernels.kernels[kernel].name, settings.targets[request / asked.size()], reason});
    }
    for (OperatorRow& row : report.operators) {
        if (!row.autoscheduled_kernel || !kernels.fallbacks.contains(*row.autoscheduled_kernel)) continue;
        const LoweredKernel& kernel = asked[*row.autoscheduled_kernel];
        row.schedule.replace(0, kernel.autoscheduling.autoscheduler.size(),
                             schedule_name(kernel.spec, kernel.hint, settings.targets.front()));
    }
}

std::vector<std::string> make_files(const CompileOptions& options, const Settings& settings, Lowered& lowered,
                                    const WorkFolder& folder, CompileReport& report) {
    const CompiledKernels kernels = make_kernels(options, settings, lowered, folder);
    report.kernels = static_cast<int>(kernels.kernels.size());
    report.kernels_cached = kernels.cached;
    report.autoscheduler = options.autoscheduler;
    note_fallbacks(report, settings, lowered, kernels);

    report_progress(options, "link", 0, 1);
    const Emission emission = make_emission(options, settings, lowered, kernels);
    std::vector<std::string> files =
        emit(emission, {options.library, options.header, options.shared, options.app, options.probe}, folder);
    for (const std::string& listing : write_listings(options, settings, kernels, folder)) files.push_back(listing);
    note_sizes(report, emission, files, folder);
    report_progress(options, "link", 1, 1);
    return files;
}

}  // namespace

CompileReport compile(const CompileOptions& options) {
    const auto start = std::chrono::steady_clock::now();
    const Settings settings = settle(options);
    Lowered lowered = import_and_lower(options, settings);

    CompileReport report;
    report.name = settings.name;
    report.operators = std::move(lowered.plans.front().operators);

    WorkFolder folder(settings.directory, settings.name);
    std::vector<std::string> files;
    try {
        files = make_files(options, settings, lowered, folder, report);
    } catch (const Error&) {
        // Ctrl-C reaches our children too: when it is what ended them, let the progress callback say so.
        report_progress(options, "link", 0, 1);
        throw;
    }
    report.files = folder.publish(files);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return report;
}

// The compiler's own code counts by the hash of the program it is in.
std::string compile_key(const CompileOptions& options) {
    const Settings settings = settle(options);
    std::string key = onnx_facts(options.model).contents_sha256 + "\n" + settings.name + "\n";
    for (const std::string& target : settings.targets) key += target + ",";
    key += "\n" + std::to_string(options.optimise_height) + "x" + std::to_string(options.optimise_width) + "\n";
    key += std::string(options.dynamic ? "dynamic" : "") + "\n" + (options.keep_all ? "all" : "") + "\n";
    key += std::to_string(static_cast<int>(options.winograd)) + "\n" + options.autoscheduler + "\n";
    key += (options.tuning ? options.tuning->text() : "") + "\n";
    key += options.config_json.value_or("") + "\n";
    key += std::string(schedules_version()) + "\n" + halide_version() + "\n" + llvm_version() + "\n";
    key += sha256_of_file(settings.support / platform_of(settings.targets.front()) / "executor.o") + "\n";
    key += sha256_of_file("/proc/self/exe");
    return sha256_of(key);
}

ModelFacts model_facts(const fs::path& model) {
    OnnxFacts facts = onnx_facts(model);
    return {std::move(facts.sha256), std::move(facts.metadata)};
}

}  // namespace atrous
