#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "runtime/error.h"
#include "runtime/image.h"

namespace atrous {
namespace {

using std::filesystem::path;

[[noreturn]] void throw_unwritable(const path& file, int error) {
    const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    throw Error(file.string(), std::string("cannot be written (") + std::strerror(error) + ")",
                full ? "free some room, or write elsewhere" : "check the folder and its permissions");
}

// An open file that closes itself.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }
    // Network file systems report some errors only here.
    int close() {
        const int result = ::close(number_);
        number_ = -1;
        return result;
    }

  private:
    int number_;
};

// A file under a temporary name; gone at the end unless it was renamed.
class TemporaryFile {
  public:
    explicit TemporaryFile(const path& target) : descriptor_(create(target, name_)) {}
    ~TemporaryFile() {
        if (!name_.empty()) ::unlink(name_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    Descriptor& descriptor() { return descriptor_; }

    void rename_to(const path& target) {
        if (::rename(name_.c_str(), target.c_str()) != 0) throw_unwritable(target, errno);
        name_.clear();
    }

  private:
    // The process and a count tell programs and threads apart; other machines that share the folder are found out by
    // O_EXCL, and the count goes on.
    static int create(const path& target, path& name) {
        static std::atomic<unsigned> count{0};
        constexpr int attempts = 1000;
        for (int attempt = 0; attempt < attempts; ++attempt) {
            const path candidate = target.parent_path() / (".atrous-" + std::to_string(::getpid()) + "-" +
                                                           std::to_string(count.fetch_add(1)) + ".tmp");
            const int number = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (number >= 0) {
                name = candidate;
                return number;
            }
            if (errno != EEXIST) throw_unwritable(target, errno);
        }
        throw_unwritable(target, EEXIST);
    }

    path name_;
    Descriptor descriptor_;
};

void write_all(int descriptor, const void* bytes, size_t size, const path& file) {
    const auto* rest = static_cast<const char*>(bytes);
    while (size > 0) {
        const ssize_t written = ::write(descriptor, rest, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw_unwritable(file, errno);
        rest += written;
        size -= static_cast<size_t>(written);
    }
}

// Devices and pipes are written to; renaming over /dev/null would replace it.
bool is_special(const path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

}  // namespace

void write_file(const path& file, const void* bytes, size_t size) {
    if (is_special(file)) {
        const Descriptor device(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
        if (device.number() < 0) throw_unwritable(file, errno);
        write_all(device.number(), bytes, size, file);
        return;
    }
    TemporaryFile temporary(file);
    Descriptor& descriptor = temporary.descriptor();
    write_all(descriptor.number(), bytes, size, file);
    if (::fsync(descriptor.number()) != 0 && errno != EINVAL) throw_unwritable(file, errno);
    if (descriptor.close() != 0) throw_unwritable(file, errno);
    temporary.rename_to(file);
}

}  // namespace atrous
