// From kernel specs to object files: compiled in child processes, because LLVM may abort, and kept for next time.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "schedules/registry.h"

namespace atrous {

struct KernelRequest {
    KernelSpec spec;
    SizeHint hint;
    std::string target;  // canonical
    Autoscheduling autoscheduling = {};
};

struct KernelOptions {
    std::filesystem::path folder;  // where objects go, and assembly and statements
    std::filesystem::path cache;   // empty: none
    int jobs = 1;                  // child processes at a time
    // Wanted beside the object: then nothing comes out of the cache. Device code is the PTX of CUDA.
    bool assembly = false, statements = false, device_code = false;
    // Called after every kernel and several times a second between. What it throws ends the work.
    std::function<void(int done, int total)> progress;
    double autoscheduler_seconds = 120;  // of a CPU: what one kernel may take before our schedule takes its place
    double seconds = 0;                  // of a CPU: what any other kernel may take; 0: all that it wants
    // Called in the children; tests put others here.
    decltype(&compile_kernel) compile = compile_kernel;
    decltype(&autoschedule_kernel) autoschedule = autoschedule_kernel;
};

struct CompiledKernel {
    std::string name;                                       // of schedules/registry.h
    std::string symbol;                                     // the object's one global symbol
    std::string object, assembly, statements, device_code;  // file names in the folder; empty if not wanted
};

struct CompiledKernels {
    std::vector<CompiledKernel> kernels;  // each once
    std::vector<size_t> of_request;       // index into `kernels` for each request
    int cached = 0;                       // of `kernels`, out of the cache
    // Why an autoscheduler did not make them, by index of the request: they have our schedules.
    std::map<size_t, std::string> fallbacks;
};

// Throws Error, naming the kernel and the target. No process is left behind then either.
CompiledKernels compile_kernels(const std::vector<KernelRequest>& requests, const KernelOptions& options);

// The user's cache folder for Atrous ($XDG_CACHE_HOME, $HOME/.cache); empty if there is none.
std::filesystem::path default_cache();

}  // namespace atrous
