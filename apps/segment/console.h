// What a program says. Diagnostics and progress go to stderr, results to stdout. On a terminal progress is one line
// that is drawn anew; elsewhere it is a plain line now and then. Safe from several threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace atrous {

enum class Verbosity { quiet, normal, verbose };

class Console {
  public:
    explicit Console(std::string program, Verbosity verbosity = Verbosity::normal);
    ~Console() { end_progress(); }
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    void set_verbosity(Verbosity verbosity) { verbosity_ = verbosity; }
    bool verbose() const { return verbosity_ == Verbosity::verbose; }
    bool quiet() const { return verbosity_ == Verbosity::quiet; }

    void error(const std::string& message);   // `PROGRAM: error: MESSAGE`, always shown
    void note(const std::string& message);    // not with --quiet
    void detail(const std::string& message);  // with --verbose
    void text(const std::string& lines);      // several lines for stderr as they are, a template for example

    // `label  34/76  12.3/s  3 s left`. The total may change; a new label starts the clock anew.
    void progress(const std::string& label, size_t done, size_t total);
    void redraw();  // keeps the clock going while nothing is done
    void end_progress();

  private:
    void say(const std::string& line);
    void draw();
    void clear();
    std::string progress_line(bool bar) const;

    using Clock = std::chrono::steady_clock;
    std::string program_;
    Verbosity verbosity_;
    bool terminal_, colour_, unicode_;
    std::mutex mutex_;
    std::string label_;  // empty: no progress shown
    size_t done_ = 0, total_ = 0;
    bool drawn_ = false;
    Clock::time_point start_{}, last_drawn_{};
};

// Results, for stdout. Throws Error when they cannot be written (a full disk behind a redirection).
void print_result(const std::string& text);
void print_result(const nlohmann::ordered_json& facts);  // in one line

// Text for a terminal in one line: control characters, which file names may hold, become \xNN.
std::string printable(const std::string& text);
std::string duration_text(double seconds);  // "0.4 s", "12 s", "3 min 05 s", "2 h 10 min"
std::string bytes_text(double bytes);       // "712 B", "1.4 KiB", "168.0 MiB"

}  // namespace atrous
