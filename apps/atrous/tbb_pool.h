// The pool of `atrous`, over oneTBB.
#pragma once

#include "apps/segment/pool.h"

namespace atrous {

class TbbPool : public Pool {
  public:
    void run(int threads, size_t count, const std::function<void(size_t index)>& work) override;
};

}  // namespace atrous
