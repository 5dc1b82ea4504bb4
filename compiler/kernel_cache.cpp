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

CompiledKernel files_of(const KernelRequest& request, const KernelOptions& options) {
    CompiledKernel kernel;
    kernel.name = kernel_name(request.spec, request.hint, request.target);
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

}  // namespace

CompiledKernels compile_kernels(const std::vector<KernelRequest>& requests, const KernelOptions& options) {
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
    run_kernel_jobs(jobs, options, finished, tick);
    return result;
}

fs::path default_cache() {
    if (const char* folder = std::getenv("XDG_CACHE_HOME"); folder && *folder == '/')
        return fs::path(folder) / "atrous";
    if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache" / "atrous";
    return {};
}

}  // namespace atrous
