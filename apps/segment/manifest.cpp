#include "apps/segment/manifest.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "apps/segment/output.h"

namespace atrous {

namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& problem) {
    throw OutputError(file.string(), problem, "make room or choose another folder with -o");
}

}  // namespace

Manifest::Manifest(const std::filesystem::path& directory)
    : file_(directory / "manifest.jsonl"), part_(directory / ".manifest.jsonl.part") {
    descriptor_ = open(part_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail(part_, std::string("cannot be written: ") + std::strerror(errno));
    // One name, so that a killed run's part is taken over by the next; locked, so that two runs do not mix their lines.
    if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(descriptor_);
        throw OutputError(directory.string(), "another run is writing into this folder",
                          "wait for it or choose another folder with -o");
    }
    if (ftruncate(descriptor_, 0) != 0) fail(part_, std::string("cannot be emptied: ") + std::strerror(errno));
}

Manifest::~Manifest() {
    if (descriptor_ >= 0) close_without_trace();
}

void Manifest::close_without_trace() {
    unlink(part_.c_str());
    close(descriptor_);
    descriptor_ = -1;
}

void Manifest::record(size_t index, ManifestLine line) {
    const std::lock_guard lock(mutex_);
    if (descriptor_ < 0) return;  // an interrupt has closed the book while this picture was at work
    waiting_.emplace(index, std::move(line));
    for (; !waiting_.empty() && waiting_.begin()->first == next_; next_++) {
        const auto first = waiting_.extract(waiting_.begin());
        write(first.mapped());
    }
}

size_t Manifest::finish() {
    const std::lock_guard lock(mutex_);
    if (descriptor_ < 0) return lines_;
    for (const auto& [index, line] : waiting_) write(line);
    waiting_.clear();
    const bool stored = fsync(descriptor_) == 0 || errno == EINVAL || errno == EROFS;
    if (!stored || rename(part_.c_str(), file_.c_str()) != 0) {
        fail(file_, std::string("cannot be written: ") + std::strerror(errno));
    }
    close(descriptor_);
    descriptor_ = -1;
    return lines_;
}

void Manifest::write(const ManifestLine& line) {
    nlohmann::ordered_json json;
    json["input"] = line.input;
    json["status"] = line.done ? "done" : "failed";
    json["outputs"] = line.outputs;
    json["error"] = line.error.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(line.error);
    json["seconds"] = std::round(line.seconds * 1000) / 1000;
    json["key"] = line.key.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(line.key);
    // File names need not be UTF-8; JSON must be.
    const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    size_t written = 0;
    while (written < text.size()) {
        const ssize_t count = ::write(descriptor_, text.data() + written, text.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const std::string problem = std::string("cannot be written: ") + std::strerror(errno);
            if (ftruncate(descriptor_, static_cast<off_t>(bytes_)) != 0) close_without_trace();
            fail(part_, problem);
        }
        written += static_cast<size_t>(count);
    }
    bytes_ += text.size();
    lines_++;
}

}  // namespace atrous
