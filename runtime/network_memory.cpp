#include "runtime/network_memory.h"

#include <sys/mman.h>

#include <cstdlib>

#include "runtime/network_numbers.h"

namespace atrous::network {

namespace {

constexpr uint64_t huge_page = uint64_t(2) << 20;

}  // namespace

Block::~Block() {
    std::free(memory_);
}

// Walking tens of megabytes in pages of 4 KiB costs faults and TLB misses: a block of two huge pages or more asks for
// them. It does no harm that the system may refuse.
bool Block::allocate(uint64_t bytes) {
    const uint64_t alignment = bytes >= 2 * huge_page ? huge_page : cache_line;
    if (bytes > address_limit - alignment) return false;
    const uint64_t rounded = bytes == 0 ? alignment : (bytes + alignment - 1) / alignment * alignment;
    memory_ = static_cast<uint8_t*>(std::aligned_alloc(alignment, rounded));
    if (memory_ && alignment == huge_page) madvise(memory_, rounded, MADV_HUGEPAGE);
    return memory_ != nullptr;
}

}  // namespace atrous::network
