#include "compiler/kernel_cache.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <optional>

#include "compiler/files.h"
#include "compiler/kernel_jobs.h"
#include "compiler/level.h"
#include "compiler/sha256.h"
#include "runtime/abi.h"
#include "runtime/error.h"
#include "schedules/registry.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

constexpr size_t hash_length = 64;

std::string identifier(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
    return text;
}

// An autoscheduler's kernels are named by the sizes that they were made for.
std::string name_of(const KernelRequest& request) {
    const std::string ours = kernel_name(request.spec, request.hint, request.target);
    if (!request.autoscheduling) return ours;
    constexpr size_t digits = 16;
    return name_of(request.spec) + "_" + request.autoscheduling.autoscheduler + "_" +
           sha256_of(ours + " " + request.autoscheduling.text()).substr(0, digits);
}

CompiledKernel files_of(const KernelRequest& request, const KernelOptions& options) {
    CompiledKernel kernel;
    kernel.name = name_of(request);
    kernel.symbol = kernel.name + "_" + identifier(request.target);
    kernel.object = kernel.symbol + ".o";
    if (options.assembly) kernel.assembly = kernel.symbol + ".s";
    if (options.statements) kernel.statements = kernel.symbol + ".stmt";
    if (options.device_code && device_of(request.target) == ATROUS_DEVICE_CUDA)
        kernel.device_code = kernel.symbol + ".device";
    return kernel;
}

// One file per kernel: the SHA-256 of the object, then the object.
fs::path cache_file(const CompiledKernel& kernel, const fs::path& cache) {
    const std::string key =
        kernel.symbol + "\n" + std::string(schedules_version()) + "\n" + halide_version() + "\n" + llvm_version();
    return cache / "kernels" / sha256_of(key);
}

// Nothing when it is not there, or not what was stored.
std::optional<std::string> cached_object(const fs::path& file) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) return std::nullopt;
    try {
        const std::string bytes = read_file(file);
        if (bytes.size() <= hash_length) return std::nullopt;
        const std::string_view object = std::string_view(bytes).substr(hash_length);
        if (bytes.compare(0, hash_length, sha256_of(object)) != 0) return std::nullopt;
        return std::string(object);
    } catch (const Error&) {
        return std::nullopt;
    }
}

void store_object(const fs::path& file, const fs::path& object) {
    const std::string bytes = read_file(object);
    replace_file(file, sha256_of(bytes) + bytes);  // a cache that cannot be written costs time only
}

// Kernels that an autoscheduler could not do have no files then, and by their symbols `failed` says why.
CompiledKernels compile_all(const std::vector<KernelRequest>& requests, const KernelOptions& options,
                            std::map<std::string, std::string>& failed) {
    CompiledKernels result;
    std::map<std::string, size_t> known;  // by symbol
    std::vector<KernelJob> jobs;
    const bool use_cache = !options.cache.empty() && !options.assembly && !options.statements && !options.device_code;
    for (const KernelRequest& request : requests) {
        const CompiledKernel kernel = files_of(request, options);
        const auto [place, is_new] = known.emplace(kernel.symbol, result.kernels.size());
        result.of_request.push_back(place->second);
        if (!is_new) continue;
        result.kernels.push_back(kernel);
        if (use_cache) {
            if (const auto object = cached_object(cache_file(kernel, options.cache))) {
                create_file(options.folder / kernel.object, *object);
                ++result.cached;
                continue;
            }
        }
        jobs.push_back({request, kernel});
    }
    const auto finished = [&](const KernelJob& job) {
        if (options.cache.empty()) return;
        store_object(cache_file(job.kernel, options.cache), options.folder / job.kernel.object);
    };
    const auto tick = [&](int done) {
        if (options.progress) options.progress(result.cached + done, static_cast<int>(result.kernels.size()));
    };
    for (const FailedJob& job : run_kernel_jobs(jobs, options, finished, tick)) failed[job.symbol] = job.reason;
    return result;
}

// The kernels in `failed` leave the result; those that ours take their place come in.
void fall_back(CompiledKernels& result, const std::vector<KernelRequest>& requests, const KernelOptions& options,
               const std::map<std::string, std::string>& failed) {
    std::vector<KernelRequest> again;
    std::vector<size_t> places;
    for (size_t i = 0; i < requests.size(); ++i) {
        const auto reason = failed.find(result.kernels[result.of_request[i]].symbol);
        if (reason == failed.end()) continue;
        result.fallbacks[i] = reason->second;
        places.push_back(i);
        again.push_back(requests[i]);
        again.back().autoscheduling = {};
    }
    std::map<std::string, std::string> none;
    CompiledKernels ours = compile_all(again, options, none);
    CompiledKernels merged;
    merged.cached = result.cached + ours.cached;
    merged.fallbacks = std::move(result.fallbacks);
    std::vector<size_t> moved(result.kernels.size());
    for (size_t k = 0; k < result.kernels.size(); ++k) {
        if (failed.contains(result.kernels[k].symbol)) continue;
        moved[k] = merged.kernels.size();
        merged.kernels.push_back(std::move(result.kernels[k]));
    }
    for (const size_t k : result.of_request) merged.of_request.push_back(moved[k]);
    for (size_t j = 0; j < places.size(); ++j)
        merged.of_request[places[j]] = merged.kernels.size() + ours.of_request[j];
    for (CompiledKernel& kernel : ours.kernels) merged.kernels.push_back(std::move(kernel));
    result = std::move(merged);
}

}  // namespace

CompiledKernels compile_kernels(const std::vector<KernelRequest>& requests, const KernelOptions& options) {
    std::map<std::string, std::string> failed;  // by symbol
    CompiledKernels result = compile_all(requests, options, failed);
    if (!failed.empty()) fall_back(result, requests, options, failed);
    return result;
}

fs::path default_cache() {
    if (const char* folder = std::getenv("XDG_CACHE_HOME"); folder && *folder == '/')
        return fs::path(folder) / "atrous";
    if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache" / "atrous";
    return {};
}

}  // namespace atrous
