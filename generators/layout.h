// How tensors lie in memory. No Halide in here.
#pragma once

namespace atrous {

// Innermost dimension first, as halide_buffer_t orders them:
//   planar  dense row-major; an image N,C,H,W is (x, y, c, n)
//   c16     blocks of 16 channels, one cache line of floats: (c, x, y, cb, n), channel = 16·cb + c
enum class Packing { planar, c16 };
inline constexpr int channel_block = 16;

}  // namespace atrous
