// Ctrl-C and its kin. The first signal asks the program to stop at the next place where nothing is half done; the
// second ends it at once. SIGTERM and SIGHUP are treated the same way.
#pragma once

#include <functional>
#include <thread>

namespace atrous {

// Thrown where a program notices that it was asked to stop; main() returns the code.
struct Interrupted {
    int exit_code;  // 128 + the signal: 130 for Ctrl-C
};

void catch_interrupts();
bool interrupted();
void stop_if_interrupted();  // throws Interrupted
int interrupted_exit_code();

// Looks for an interrupt twenty times a second, on a thread of its own, while it lives; for work that cannot be
// stopped.
class InterruptWatch {
  public:
    // `on_interrupt` is called once, `tick` each time.
    explicit InterruptWatch(std::function<void()> on_interrupt, std::function<void()> tick = {});

  private:
    std::jthread thread_;
};

}  // namespace atrous
