#include "compiler/weight_store.h"

#include <cstring>
#include <string_view>

namespace atrous {

namespace {

constexpr uint64_t alignment = 64;

}  // namespace

uint64_t WeightStore::add(std::span<const std::byte> data) {
    if (data.empty()) return bytes_.size();
    const auto* bytes = reinterpret_cast<const uint8_t*>(data.data());
    const uint64_t hash =
        std::hash<std::string_view>{}(std::string_view(reinterpret_cast<const char*>(bytes), data.size()));
    const auto [first, last] = index_.equal_range(hash);
    for (auto i = first; i != last; ++i) {
        const auto [offset, size] = i->second;
        if (size == data.size() && std::memcmp(bytes_.data() + offset, bytes, size) == 0) return offset;
    }
    const uint64_t offset = bytes_.size();
    bytes_.insert(bytes_.end(), bytes, bytes + data.size());
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    index_.emplace(hash, std::pair{offset, data.size()});
    return offset;
}

}  // namespace atrous
