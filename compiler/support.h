// The parts of libraries that are compiled ahead, when Atrous itself is built.
#pragma once

#include <filesystem>
#include <string>

namespace atrous {

// The folder that holds PLATFORM/executor.o: `wanted` unless empty, else beside this program, in a build tree
// (../support) or installed (../lib/atrous/support). Throws Error.
std::filesystem::path support_folder(const std::filesystem::path& wanted);

// Whether it holds the parts for a target: whether this Atrous can make libraries for it.
bool has_support(const std::string& target);

}  // namespace atrous
