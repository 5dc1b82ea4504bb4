// A file to be read, without the C++ library's streams, whose locales would be a sixth of an emitted program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>

namespace atrous {

class InputFile {
  public:
    // Where it cannot be opened, is_open() is false, and errno says why.
    explicit InputFile(const std::filesystem::path& file) : file_(std::fopen(file.c_str(), "rbe"), std::fclose) {}

    bool is_open() const { return file_ != nullptr; }
    // How many bytes there were; fewer than asked for at the end of the file, or where failed().
    size_t read(void* to, size_t bytes) { return is_open() ? std::fread(to, 1, bytes, file_.get()) : 0; }
    // From the file's begin.
    bool seek(uint64_t offset) { return fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) == 0; }
    bool failed() const { return std::ferror(file_.get()) != 0; }

  private:
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

}  // namespace atrous
