#include "compiler/files.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runtime/error.h"
#include "runtime/input_file.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void cannot(const fs::path& file, const char* verb, int error) {
    throw Error(file.string(), std::string("cannot be ") + verb + ": " + std::strerror(error));
}

// 0 or errno.
int write_all(const fs::path& file, std::string_view bytes) {
    std::FILE* out = std::fopen(file.c_str(), "wb");
    if (!out) return errno;
    errno = 0;
    const bool written = std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size();
    const int error = errno;
    const bool closed = std::fclose(out) == 0;
    if (!written) return error ? error : EIO;
    return closed ? 0 : errno;
}

}  // namespace

std::string read_file(const fs::path& file) {
    InputFile in(file);
    if (!in.is_open()) cannot(file, "read", errno);
    std::string bytes;
    char block[1 << 16];
    while (const size_t count = in.read(block, sizeof block)) bytes.append(block, count);
    if (in.failed()) cannot(file, "read", errno);
    return bytes;
}

void create_file(const fs::path& file, std::string_view bytes) {
    if (const int error = write_all(file, bytes)) cannot(file, "written", error);
}

bool replace_file(const fs::path& file, std::string_view bytes) {
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    fs::path temporary = file;
    temporary += "." + std::to_string(getpid()) + ".part";
    if (write_all(temporary, bytes) == 0)
        fs::rename(temporary, file, error);
    else
        error = std::make_error_code(std::errc::io_error);
    if (!error) return true;
    std::error_code ignored;
    fs::remove(temporary, ignored);
    return false;
}

WorkFolder::WorkFolder(const fs::path& parent, const std::string& name)
    : parent_(parent.empty() ? fs::path(".") : parent) {
    std::error_code error;
    fs::create_directories(parent_, error);
    if (error && !fs::is_directory(parent_)) cannot(parent_, "made", error.value());
    std::string pattern = (parent_ / ("." + name + ".XXXXXX")).string();
    if (!mkdtemp(pattern.data())) cannot(parent_, "written to", errno);
    path_ = fs::absolute(pattern);
}

WorkFolder::~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::vector<fs::path> WorkFolder::publish(const std::vector<std::string>& files) {
    for (const std::string& file : files) {
        if (fs::is_directory(parent_ / file)) cannot(parent_ / file, "replaced", EISDIR);
    }
    std::vector<fs::path> published;
    for (const std::string& file : files) {
        const fs::path target = parent_ / file;
        std::error_code error;
        fs::rename(path_ / file, target, error);
        if (error) {
            std::error_code ignored;
            for (const fs::path& earlier : published) fs::remove(earlier, ignored);
            cannot(target, "written", error.value());
        }
        published.push_back(target);
    }
    return published;
}

}  // namespace atrous
