#include "apps/segment/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

namespace atrous {

namespace {

// 0 until a signal arrives. Lock-free, so that the handler may write it.
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int signal) {
    if (received.exchange(signal) != 0) _exit(128 + signal);
}

}  // namespace

void catch_interrupts() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    // No SA_RESTART: a read from the terminal must end, or Ctrl-C would wait for the next line.
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before {};
        sigaction(signal, nullptr, &before);
        if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);  // nohup stays nohup
    }
}

bool interrupted() {
    return received.load() != 0;
}

int interrupted_exit_code() {
    return 128 + received.load();
}

void stop_if_interrupted() {
    if (interrupted()) throw Interrupted{interrupted_exit_code()};
}

InterruptWatch::InterruptWatch(std::function<void()> on_interrupt, std::function<void()> tick)
    : thread_([on_interrupt = std::move(on_interrupt), tick = std::move(tick)](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
              std::this_thread::sleep_for(std::chrono::milliseconds(50));
              if (interrupted()) return on_interrupt();
              if (tick) tick();
          }
      }) {}

}  // namespace atrous
