// Child processes that compile kernels.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/kernel_cache.h"

namespace atrous {

struct KernelJob {
    KernelRequest request;
    CompiledKernel kernel;
};

// One whose autoscheduler failed, aborted or took too long.
struct FailedJob {
    std::string symbol, reason;
};

// Compiles all jobs, `options.jobs` at a time. `finished` gets each job when its files are there, `tick` the number of
// those done, several times a second. Returns those that an autoscheduler could not do. Throws Error for the first
// other that fails, or what `tick` throws; the children have ended then.
std::vector<FailedJob> run_kernel_jobs(const std::vector<KernelJob>& jobs, const KernelOptions& options,
                                       const std::function<void(const KernelJob&)>& finished,
                                       const std::function<void(int done)>& tick);

}  // namespace atrous
