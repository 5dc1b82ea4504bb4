// Instruction set extensions that compiled kernels may need, and whether this CPU (and its operating system) has them.
#pragma once

#include <cstdint>

namespace atrous::network {

// Bits of Level::features. Numbers are part of emitted libraries: append only.
enum CpuFeature : uint64_t {
    cpu_sse41 = 1u << 0,
    cpu_avx = 1u << 1,
    cpu_f16c = 1u << 2,
    cpu_fma = 1u << 3,
    cpu_avx2 = 1u << 4,
    cpu_bmi = 1u << 5,     // BMI1, BMI2, LZCNT, MOVBE, POPCNT: what LLVM takes for granted on every CPU with AVX2
    cpu_avx512 = 1u << 6,  // F and CD
    cpu_avx512_skylake = 1u << 7,          // and VL, DQ, BW
    cpu_avx512_cannonlake = 1u << 8,       // and IFMA, VBMI
    cpu_avx512_zen4 = 1u << 9,             // and VBMI2, VNNI, BITALG, VPOPCNTDQ, BF16
    cpu_avx512_sapphirerapids = 1u << 10,  // and FP16, AVX-VNNI
    cpu_avxvnni = 1u << 11,
    cpu_avx512_zen5 = 1u << 12,  // cpu_avx512_zen4, AVX-VNNI and SSE4A, which Intel's CPUs lack
};

uint64_t cpu_features();

}  // namespace atrous::network
