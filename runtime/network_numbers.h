// The executor's arithmetic on sizes: what of an expression's value a buffer or an address can hold.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace atrous::network {

inline constexpr int64_t int32_limit = INT32_MAX;
inline constexpr uint64_t address_limit = PTRDIFF_MAX;

inline constexpr size_t cache_line = 64;

// To whole cache lines, or others.
inline size_t align(size_t bytes, size_t grain = cache_line) {
    return (bytes + grain - 1) / grain * grain;
}

// Whole numbers up to 2^53 either way; false for anything else.
inline bool to_integer(double value, int64_t& result) {
    if (!(std::fabs(value) <= 9007199254740992.0) || value != std::floor(value)) return false;
    result = static_cast<int64_t>(value);
    return true;
}

// As the 32-bit field of a Halide buffer.
inline bool to_int32(double value, int32_t& result) {
    int64_t wide = 0;
    if (!to_integer(value, wide) || wide < -int32_limit || wide > int32_limit) return false;
    result = static_cast<int32_t>(wide);
    return true;
}

}  // namespace atrous::network
