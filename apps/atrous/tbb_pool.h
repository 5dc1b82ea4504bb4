// The pool of `atrous`, over oneTBB.
#pragma once

#include "apps/segment/pool.h"

namespace atrous {

class TbbPool : public Pool {
  public:
    void run(int threads, size_t count, const std::function<void(size_t index)>& work) override;
};

// What `atrous` uses. Debian's oneTBB is not made for ThreadSanitizer, which would see races where there are none.
#ifdef __SANITIZE_THREAD__
using VerbPool = ThreadPool;
#else
using VerbPool = TbbPool;
#endif

}  // namespace atrous
