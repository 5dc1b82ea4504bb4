#include "apps/segment/output.h"

#include "runtime/image.h"

namespace atrous {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error && !fs::is_directory(folder)) error = std::make_error_code(std::errc::not_a_directory);
    if (error) {
        throw OutputError(folder.string(), "the folder cannot be made: " + error.message(),
                          "make room or choose another place with -o");
    }
}

void store(const fs::path& file, const void* bytes, size_t size) {
    try {
        write_file(file, bytes, size);
    } catch (const Error& error) {
        throw OutputError(error.what());
    }
}

}  // namespace atrous
