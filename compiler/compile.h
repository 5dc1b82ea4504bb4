// The compiler's front door: ONNX file in, library files out. Used by the verbs of apps/atrous.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/tuning/tuning_record.h"
#include "schedules/algorithm.h"

namespace atrous {

struct CompileOptions {
    std::filesystem::path model;
    std::filesystem::path directory;           // where files go; empty: beside the model
    std::string name;                          // C identifier; empty: from the file name
    std::vector<std::string> targets{"host"};  // Halide target strings; several x86 levels make one library
    bool library = true, header = true, shared = true, app = false, assembly = false, statements = false, ptx = false;
    bool probe = false;                           // NAME.probe: a program that measures the network on another machine
    int optimise_height = 0, optimise_width = 0;  // 0: the declared size, or 320
    bool dynamic = false;
    WinogradPolicy winograd = WinogradPolicy::automatic;
    std::optional<TuningRecord> tuning;      // made for one of the targets
    std::string autoscheduler;               // Halide's, for kernels on CPUs; empty: our own schedules
    std::optional<std::string> config_json;  // already validated; embedded
    bool keep_all = false;                   // every float value becomes an output, in graph order (run --trace)
    std::filesystem::path cache;             // compiled kernels; empty: the user's cache folder
    int jobs = 0;                            // child processes; 0: as many as there are CPUs
    double kernel_seconds = 0;               // of a CPU, that one kernel may take to compile; 0: all that it wants
    std::filesystem::path support;  // folder of the runtime objects; empty: beside the program or in the install tree
    std::function<void(const std::string& stage, int done, int total)> progress;  // may be empty
};

struct OperatorRow {
    std::string name, onnx_type, shape, schedule;
    double gflop = 0;  // at the size optimised for
    // The result's rows and columns are computed in groups of so many, counted from the first on: Winograd tiles, times
    // dilation and phases. Groups computed by themselves are the same to the bit.
    std::array<int64_t, 2> grid{1, 1};
    std::optional<TunableOperator> tunable;  // a convolution
    // The lowered network's kernel whose schedule is shown, where an autoscheduler was asked for it.
    std::optional<uint32_t> autoscheduled_kernel = {};
};

// A kernel that the autoscheduler could not schedule, so that ours does.
struct ScheduleFallback {
    std::string kernel, target, reason;
};

struct CompileReport {
    std::string name;
    std::vector<std::filesystem::path> files;
    std::vector<OperatorRow> operators;
    std::map<std::string, uint64_t> bytes;  // "weights", "kernels", "library", "shared", "app", "probe"
    int kernels = 0, kernels_cached = 0;
    std::string autoscheduler;  // as asked for
    std::vector<ScheduleFallback> fallbacks;
    double seconds = 0;
};

// Throws Error. Nothing is left half-written: files appear together at the end.
CompileReport compile(const CompileOptions& options);

// What decides whether a cached library can be reused: model contents (external data too), options, versions.
std::string compile_key(const CompileOptions& options);

// A model's facts without compiling: SHA-256 and metadata, for finding a config.
struct ModelFacts {
    std::string sha256;
    std::map<std::string, std::string> metadata;
};
ModelFacts model_facts(const std::filesystem::path& model);

}  // namespace atrous
