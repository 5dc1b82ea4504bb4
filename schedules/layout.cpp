#include "schedules/layout.h"

namespace atrous {

std::string Layout::text() const {
    if (tile_x == 1 && tile_blocks == 1) return {};
    return "t" + std::to_string(tile_x) + "x" + std::to_string(tile_blocks) + (blocks_outer ? "w" : "r") +
           (depth > 0 ? "d" + std::to_string(depth) : "");
}

int vector_floats(const Halide::Target& target) {
    return target.natural_vector_size<float>();
}

bool has_avx512(const Halide::Target& target) {
    return target.has_feature(Halide::Target::AVX512_Skylake) || target.has_feature(Halide::Target::AVX512);
}

bool is_arm64(const Halide::Target& target) {
    return target.arch == Halide::Target::ARM && target.bits == 64;
}

int products_per_cycle(const Halide::Target& target) {
    return has_avx512(target) && !target.has_feature(Halide::Target::AVX512_Zen4) ? 2 : 1;
}

}  // namespace atrous
