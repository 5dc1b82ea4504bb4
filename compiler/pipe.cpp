#include "compiler/pipe.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/error.h"

namespace atrous {

namespace {

constexpr size_t line_limit = 1000;

void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
}

}  // namespace

Pipe::Pipe(size_t limit) : limit_(limit) {
    if (pipe2(ends_, O_CLOEXEC) != 0) throw Error("pipe", std::string("cannot be made: ") + std::strerror(errno));
}

Pipe::~Pipe() {
    close_end(ends_[0]);
    close_end(ends_[1]);
}

Pipe::Pipe(Pipe&& other) noexcept
    : ends_{std::exchange(other.ends_[0], -1), std::exchange(other.ends_[1], -1)},
      limit_(other.limit_),
      text_(std::move(other.text_)) {}

Pipe& Pipe::operator=(Pipe&& other) noexcept {
    std::swap(ends_, other.ends_);
    std::swap(limit_, other.limit_);
    std::swap(text_, other.text_);
    return *this;
}

void Pipe::close_write_end() {
    close_end(ends_[1]);
}

bool Pipe::read_some() {
    char block[4096];
    const ssize_t count = read(ends_[0], block, sizeof block);
    if (count < 0) return errno == EINTR;
    if (text_.size() < limit_) text_.append(block, static_cast<size_t>(count));
    return count > 0;
}

std::string Pipe::read_all() {
    while (read_some()) {
    }
    return std::move(text_);
}

std::string describe_status(int status) {
    if (WIFEXITED(status)) return "exit status " + std::to_string(WEXITSTATUS(status));
    return "signal " + std::to_string(WTERMSIG(status)) + ", " + strsignal(WTERMSIG(status));
}

std::string shorten(const std::string& output) {
    std::string line;
    for (char c : output) {
        if (c == '\n' || c == '\t' || c == '\r') c = ' ';
        if (c == ' ' && (line.empty() || line.back() == ' ')) continue;
        line += c;
        if (line.size() == line_limit) return line + " …";
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line.empty() ? "it said nothing" : line;
}

}  // namespace atrous
