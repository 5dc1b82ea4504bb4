// Several pictures at once. `atrous` brings a pool over oneTBB, emitted programs one over std::thread (oneTBB has no
// static archive in Debian).
#pragma once

#include <cstddef>
#include <functional>

namespace atrous {

class Pool {
  public:
    virtual ~Pool() = default;
    // work(0) … work(count − 1), begun in this order, at most `threads` at a time; returns when all have ended. The
    // first exception ends the hand-out and is thrown here.
    virtual void run(int threads, size_t count, const std::function<void(size_t index)>& work) = 0;
};

class ThreadPool : public Pool {
  public:
    void run(int threads, size_t count, const std::function<void(size_t index)>& work) override;
};

}  // namespace atrous
