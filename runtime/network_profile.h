// Where the time of a timed run goes: wall time, operator by operator.
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>

namespace atrous::network {

class Stopwatch {
  public:
    void start() { last_ = now(); }
    // Seconds since start() or the last lap().
    double lap() {
        const double time = now(), elapsed = time - last_;
        last_ = time;
        return elapsed;
    }

  private:
    static double now() {
        timespec time{};
        clock_gettime(CLOCK_MONOTONIC, &time);
        return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    }
    double last_ = 0;
};

// The caller's table of seconds, to which is added. Time runs from start() on, and each add() gives the time since the
// one before it to an operator, so that none is lost. A run without a Profile looks at no clock.
class Profile {
  public:
    Profile(double* seconds, size_t operators) : seconds_(seconds), operators_(operators) {}
    void start() { watch_.start(); }
    double lap() { return watch_.lap(); }
    void add(uint32_t operator_index, double seconds) {
        if (operator_index < operators_) seconds_[operator_index] += seconds;
    }

  private:
    double* seconds_;
    size_t operators_;  // at most as many as the plan has, so that plan::none is none of them
    Stopwatch watch_;
};

}  // namespace atrous::network
