// The programs that the compiler calls: binutils and the system's C compiler.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace atrous {

// Runs arguments[0], found in PATH, without a shell, in `folder`. Throws Error: it is not installed (naming Debian's
// package), or it failed (with what it wrote).
void run_tool(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

}  // namespace atrous
