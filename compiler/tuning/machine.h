// The machine that is tuned for: this one, or another that a command runs programs on.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "compiler/tool.h"

namespace atrous {

// The words of a command that runs programs elsewhere: none for this machine; `ssh BOARD` with options, which gets the
// program through its standard input; or any other, which gets the program's path and arguments as further words
// ("qemu-aarch64-static").
struct Machine {
    std::vector<std::string> runner;
    std::function<void()> tick;  // called several times a second while something runs; what it throws ends that

    bool is_by_ssh() const;
};

// A program on the machine, for as long as it lives. Nothing else is needed there.
class PlacedProgram {
  public:
    // The machine must outlive it, and so must the file unless it went by ssh. Throws Error.
    PlacedProgram(const Machine& machine, const std::filesystem::path& program);
    ~PlacedProgram();
    PlacedProgram(const PlacedProgram&) = delete;
    PlacedProgram& operator=(const PlacedProgram&) = delete;

    // For so many seconds at most. Throws Error: it failed.
    std::string run(const std::vector<std::string>& arguments, double seconds) const;

  private:
    const Machine& machine_;
    std::string path_;
    std::string folder_;  // of its own, on the other machine
};

}  // namespace atrous
