// Compiles one kernel as the compiler does, loads it and calls it with the arguments of the reference.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "HalideRuntime.h"
#include "generators/kernel_spec.h"
#include "tests/reference/kernels.h"
#include "tests/schedules/emulator.h"

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
    std::unique_ptr<EmulatedKernel> emulated_;  // instead, for other processors
    bool on_device_ = false;
    std::string undefined_, assembly_;
};

// The targets to test, narrowest first: what this machine can run, or those that the environment's ATROUS_TEST_TARGET
// names, in an emulator. Where that is missing, the program says so and ends. `device`: before them this machine's
// OpenCL device, if there is one; making a kernel for that takes seconds, so it is asked for where its schedule differs
// from others.
std::vector<std::string> runnable_targets(bool device = false);

halide_type_t buffer_type(reference::ElementType type);

// What a command prints; throws where it fails.
std::string output_of(const std::string& command);

}  // namespace atrous
