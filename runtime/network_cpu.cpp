#include "runtime/network_cpu.h"

#include <initializer_list>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace atrous::network {

#if defined(__x86_64__)

namespace {

struct Registers {
    uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf) {
    Registers r;
    __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);  // zeros where the leaf does not exist
    return r;
}

// The register states that the operating system saves: without them the instructions fault although the CPU has them.
uint64_t enabled_states(bool osxsave) {
    if (!osxsave) return 0;
    uint32_t low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return uint64_t(high) << 32 | low;
}

constexpr uint64_t ymm_states = 0x6, zmm_states = 0xe6;

bool has(uint32_t word, std::initializer_list<int> bits) {
    for (int bit : bits) {
        if (!(word >> bit & 1)) return false;
    }
    return true;
}

}  // namespace

uint64_t cpu_features() {
    const Registers basic = cpuid(1, 0), extended = cpuid(7, 0), extended1 = cpuid(7, 1), amd = cpuid(0x80000001, 0);
    const uint64_t states = enabled_states(has(basic.ecx, {27}));
    const bool ymm = (states & ymm_states) == ymm_states, zmm = (states & zmm_states) == zmm_states;

    uint64_t found = 0;
    const auto add = [&](CpuFeature feature, bool present) { found |= present ? uint64_t(feature) : 0; };
    add(cpu_sse41, has(basic.ecx, {0, 9, 19}));
    add(cpu_avx, ymm && has(basic.ecx, {28}));
    add(cpu_f16c, ymm && has(basic.ecx, {29}));
    add(cpu_fma, ymm && has(basic.ecx, {12}));
    add(cpu_avx2, ymm && has(extended.ebx, {5}));
    add(cpu_bmi, has(extended.ebx, {3, 8}) && has(basic.ecx, {22, 23}) && has(amd.ecx, {5}));
    const bool avxvnni = ymm && has(extended1.eax, {4});
    add(cpu_avxvnni, avxvnni);
    const bool avx512 = zmm && has(extended.ebx, {16, 28});
    const bool skylake = avx512 && has(extended.ebx, {17, 30, 31});
    const bool cannonlake = skylake && has(extended.ebx, {21}) && has(extended.ecx, {1});
    const bool zen4 = cannonlake && has(extended.ecx, {6, 11, 12, 14}) && has(extended1.eax, {5});
    add(cpu_avx512, avx512);
    add(cpu_avx512_skylake, skylake);
    add(cpu_avx512_cannonlake, cannonlake);
    add(cpu_avx512_zen4, zen4);
    add(cpu_avx512_zen5, zen4 && avxvnni && has(amd.ecx, {6}));
    add(cpu_avx512_sapphirerapids, zen4 && avxvnni && has(extended.edx, {23}));
    return found;
}

#else

uint64_t cpu_features() {
    return 0;
}

#endif

}  // namespace atrous::network
