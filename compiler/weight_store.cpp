#include "compiler/weight_store.h"

#include <cstring>
#include <string_view>

namespace atrous {

namespace {

constexpr uint64_t alignment = 64;

uint64_t hash_of(std::span<const std::byte> data) {
    return std::hash<std::string_view>{}(std::string_view(reinterpret_cast<const char*>(data.data()), data.size()));
}

}  // namespace

std::optional<uint64_t> WeightStore::find(std::span<const std::byte> data) const {
    const auto [first, last] = index_.equal_range(hash_of(data));
    for (auto i = first; i != last; ++i) {
        const auto [offset, size] = i->second;
        if (size == data.size() && std::memcmp(bytes_.data() + offset, data.data(), size) == 0) return offset;
    }
    return std::nullopt;
}

uint64_t WeightStore::add(std::span<const std::byte> data) {
    if (data.empty()) return bytes_.size();
    if (const auto offset = find(data)) return *offset;
    const uint64_t offset = bytes_.size();
    const auto* bytes = reinterpret_cast<const uint8_t*>(data.data());
    bytes_.insert(bytes_.end(), bytes, bytes + data.size());
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    index_.emplace(hash_of(data), std::pair{offset, data.size()});
    return offset;
}

}  // namespace atrous
