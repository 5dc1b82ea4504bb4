// Kernels for processors that this machine lacks, run by an emulator of user programs.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <filesystem>
#include <span>
#include <string>

#include "tests/reference/kernels.h"

namespace atrous {

class EmulatedKernel {
  public:
    // The object defines kernel_argv; a program is linked of it in `folder`.
    EmulatedKernel(const std::filesystem::path& object, const std::filesystem::path& folder);
    ~EmulatedKernel();
    EmulatedKernel(const EmulatedKernel&) = delete;
    EmulatedKernel& operator=(const EmulatedKernel&) = delete;

    // Views must have a storage.
    int run(std::span<const reference::Arg> args) const;

  private:
    pid_t process_ = -1;
    FILE *to_ = nullptr, *from_ = nullptr;
};

// What is missing for such kernels, "" for nothing.
std::string missing_for_emulation();

}  // namespace atrous
