// The programs that the compiler calls: binutils and a C compiler, this machine's own or cross-compiling ones, and what
// a tuner measures.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace atrous {

// Their names where libraries for `platform` ("arm-64-linux") are made.
struct Toolchain {
    std::string as, ld, objcopy, ar, cc, cxx;
};
Toolchain toolchain_for(const std::string& platform);

// Runs arguments[0], found in PATH, without a shell, in `folder`. Throws Error: it is not installed (naming Debian's
// package), or it failed (with what it wrote).
void run_tool(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

struct ProgramRun {
    std::optional<std::string> problem;  // how it ended, where not well: "exit status 1", "took more than 20 s"
    std::string output;                  // of stdout and stderr
};

// Runs arguments[0], found in PATH, without a shell, for at most so many seconds. `input` is what it reads; empty:
// nothing. `tick` is called several times a second; what it throws ends the program, with all that it has started, as
// the time limit does. Throws Error: it cannot be started.
ProgramRun run_program(const std::vector<std::string>& arguments, const std::filesystem::path& input, double seconds,
                       const std::function<void()>& tick);

}  // namespace atrous
