#include "apps/segment/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "runtime/error.h"

namespace atrous {

namespace {

// Where there is no terminal a line this often tells that the program lives.
constexpr double plain_line_seconds = 10;
constexpr double redraw_seconds = 0.1;
constexpr int bar_width = 30;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

bool speaks_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        std::string locale = environment(name);
        if (locale.empty()) continue;
        std::transform(locale.begin(), locale.end(), locale.begin(), [](unsigned char c) { return std::tolower(c); });
        return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
    }
    return false;
}

size_t terminal_columns() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

std::string format(const char* pattern, double value) {
    char text[64];
    std::snprintf(text, sizeof text, pattern, value);
    return text;
}

void write_all(int descriptor, const std::string& text) {
    size_t written = 0;
    while (written < text.size()) {
        const ssize_t count = write(descriptor, text.data() + written, text.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;  // nobody listens to our diagnostics: not a reason to stop
        written += static_cast<size_t>(count);
    }
}

// UTF-8 characters, so that a bar of three-byte glyphs is cut by what it shows.
size_t shown_columns(const std::string& text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

std::string cut_to_columns(const std::string& text, size_t columns) {
    size_t shown = 0, bytes = 0;
    for (; bytes < text.size(); bytes++) {
        const bool begins = (static_cast<unsigned char>(text[bytes]) & 0xc0) != 0x80;
        if (begins && shown++ == columns) break;
    }
    return text.substr(0, bytes);
}

}  // namespace

std::string printable(const std::string& text) {
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
            result += escaped;
        } else {
            result += c;
        }
    }
    return result;
}

std::string duration_text(double seconds) {
    if (seconds < 9.95) return format("%.1f s", seconds);
    const auto whole = static_cast<long long>(std::llround(std::min(seconds, 3.6e8)));
    char text[64];
    if (whole < 60) {
        std::snprintf(text, sizeof text, "%lld s", whole);
    } else if (whole < 3600) {
        std::snprintf(text, sizeof text, "%lld min %02lld s", whole / 60, whole % 60);
    } else {
        std::snprintf(text, sizeof text, "%lld h %02lld min", whole / 3600, whole / 60 % 60);
    }
    return text;
}

std::string bytes_text(double bytes) {
    if (bytes < 1024) return format("%.0f B", bytes);
    const char* unit = "KiB";
    bytes /= 1024;
    for (const char* next : {"MiB", "GiB", "TiB"}) {
        if (bytes < 1024) break;
        bytes /= 1024;
        unit = next;
    }
    return format("%.1f ", bytes) + unit;
}

void print_result(const std::string& text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (!written) {
        throw Error("standard output", std::string("cannot be written: ") + std::strerror(errno),
                    "make room or redirect it elsewhere");
    }
}

// File names need not be UTF-8; JSON must be.
void print_result(const nlohmann::ordered_json& facts) {
    print_result(facts.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

Console::Console(std::string program, Verbosity verbosity)
    : program_(std::move(program)),
      verbosity_(verbosity),
      terminal_(isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb"),
      colour_(terminal_ && environment("NO_COLOR").empty()),
      unicode_(speaks_utf8()) {}

void Console::say(const std::string& line) {
    const std::lock_guard lock(mutex_);
    clear();
    write_all(STDERR_FILENO, line + "\n");
    draw();
}

void Console::error(const std::string& message) {
    say(program_ + ": " + (colour_ ? "\x1b[1;31merror:\x1b[0m " : "error: ") + printable(message));
}

void Console::note(const std::string& message) {
    if (verbosity_ != Verbosity::quiet) say(printable(message));
}

void Console::detail(const std::string& message) {
    if (verbosity_ == Verbosity::verbose) say(printable(message));
}

void Console::text(const std::string& lines) {
    say(lines);
}

void Console::progress(const std::string& label, size_t done, size_t total) {
    if (verbosity_ == Verbosity::quiet) return;
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (label != label_) {
        clear();
        label_ = label;
        start_ = last_drawn_ = now;
        done_ = done;
        total_ = total;
        draw();
        return;
    }
    done_ = done;
    total_ = total;
    const std::chrono::duration<double> silent = now - last_drawn_;
    if (terminal_) {
        if (silent.count() >= redraw_seconds || done == total) draw();
    } else if (silent.count() >= plain_line_seconds) {
        write_all(STDERR_FILENO, progress_line(false) + "\n");
        last_drawn_ = now;
    }
}

void Console::redraw() {
    const std::lock_guard lock(mutex_);
    draw();
}

void Console::end_progress() {
    const std::lock_guard lock(mutex_);
    clear();
    label_.clear();
}

void Console::draw() {
    if (!terminal_ || label_.empty()) return;
    const std::string line = cut_to_columns(progress_line(true), terminal_columns() - 1);
    write_all(STDERR_FILENO, "\r" + line + "\x1b[K");
    drawn_ = true;
    last_drawn_ = Clock::now();
}

void Console::clear() {
    if (drawn_) write_all(STDERR_FILENO, "\r\x1b[K");
    drawn_ = false;
}

std::string Console::progress_line(bool bar) const {
    std::string line = printable(label_);
    if (total_ == 0) return line;
    if (bar && terminal_columns() > shown_columns(label_) + bar_width + 40) {
        const auto full = static_cast<int>(bar_width * std::min(done_, total_) / total_);
        line += ' ';
        for (int i = 0; i < bar_width; i++) line += i < full ? (unicode_ ? "━" : "=") : (unicode_ ? "╌" : "-");
    }
    line += " " + std::to_string(done_) + "/" + std::to_string(total_);
    const std::chrono::duration<double> elapsed = Clock::now() - start_;
    if (done_ == 0 || elapsed.count() <= 0) return line;
    const double rate = static_cast<double>(done_) / elapsed.count();
    line += rate >= 1 ? format("  %.1f/s", rate) : format("  %.1f s each", 1 / rate);
    if (done_ < total_) line += "  " + duration_text(static_cast<double>(total_ - done_) / rate) + " left";
    return line;
}

}  // namespace atrous
