// Compiles one kernel as the compiler does, loads it and calls it with the arguments of the reference.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "generators/kernel_spec.h"
#include "tests/reference/kernels.h"

namespace atrous {

class CompiledKernel {
  public:
    // `scheduled` false: the algorithm alone, with Halide's default schedule.
    CompiledKernel(const KernelSpec& spec, const SizeHint& hint, const std::string& target, bool scheduled = true);
    ~CompiledKernel();
    CompiledKernel(const CompiledKernel&) = delete;
    CompiledKernel& operator=(const CompiledKernel&) = delete;

    int run(std::span<const reference::Arg> args) const;

    std::string undefined_symbols() const { return undefined_; }  // one line, sorted
    std::string assembly() const { return assembly_; }

  private:
    std::filesystem::path folder_;
    void* handle_ = nullptr;
    int (*entry_)(void**) = nullptr;
    std::string undefined_, assembly_;
};

// The targets that this machine can run, narrowest first.
std::vector<std::string> runnable_targets();

}  // namespace atrous
