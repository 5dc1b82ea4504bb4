// What a child process says and how it ended.
#pragma once

#include <cstddef>
#include <string>

namespace atrous {

class Pipe {
  public:
    static constexpr size_t text_limit = 1 << 16;

    explicit Pipe(size_t limit = text_limit);  // of the text kept; throws Error
    ~Pipe();
    Pipe(Pipe&& other) noexcept;
    Pipe& operator=(Pipe&& other) noexcept;

    int read_end() const { return ends_[0]; }
    int write_end() const { return ends_[1]; }
    void close_write_end();

    // Appends what is there to text(), up to the limit. False at the end.
    bool read_some();
    std::string read_all();
    const std::string& text() const { return text_; }

  private:
    int ends_[2] = {-1, -1};
    size_t limit_;
    std::string text_;
};

std::string describe_status(int wait_status);    // "exit status 1", "signal 11, Segmentation fault"
std::string shorten(const std::string& output);  // one line, its beginning if it is long

}  // namespace atrous
