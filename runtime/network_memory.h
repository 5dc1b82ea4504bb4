// A block of memory that is freed with its owner. (std::unique_ptr would do, were it certain to need nothing of
// libstdc++.)
#pragma once

#include <cstdint>

namespace atrous::network {

class Block {
  public:
    Block() = default;
    ~Block();
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

    // Once. At least `bytes`, aligned to 64; large blocks in huge pages where the system has them. False: no memory.
    bool allocate(uint64_t bytes);
    uint8_t* get() const { return memory_; }

  private:
    uint8_t* memory_ = nullptr;
};

}  // namespace atrous::network
