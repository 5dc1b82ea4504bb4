#include "compiler/support.h"

#include "compiler/level.h"
#include "runtime/error.h"

namespace atrous {

namespace fs = std::filesystem;

fs::path support_folder(const fs::path& wanted) {
    if (!wanted.empty()) return wanted;
    std::error_code error;
    const fs::path bin = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (const char* place : {"../support", "../lib/atrous/support"}) {
        const fs::path folder = (bin / place).lexically_normal();
        if (fs::is_directory(folder, error)) return folder;
    }
    throw Error((bin / "../support").lexically_normal().string(), "is missing, and holds the parts of libraries",
                "build or install Atrous as a whole, with `./dev build`");
}

bool has_support(const std::string& target) {
    return fs::is_regular_file(support_folder({}) / platform_of(target) / "executor.o");
}

}  // namespace atrous
