// The weights of a library's plans: every equal piece of bytes once, each at a multiple of 64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace atrous {

class WeightStore {
  public:
    uint64_t add(std::span<const std::byte> data);                        // returns its offset
    std::optional<uint64_t> find(std::span<const std::byte> data) const;  // the same, if it is there
    std::vector<uint8_t> take() { return std::move(bytes_); }

  private:
    std::vector<uint8_t> bytes_;
    std::unordered_multimap<uint64_t, std::pair<uint64_t, uint64_t>> index_;  // hash → offset, bytes
};

}  // namespace atrous
