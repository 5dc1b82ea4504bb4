// The programs that the compiler calls: binutils and a C compiler, this machine's own or cross-compiling ones.
#pragma once

#include <filesystem>
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

}  // namespace atrous
