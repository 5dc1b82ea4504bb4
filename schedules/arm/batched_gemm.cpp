#include "schedules/arm/batched_gemm.h"

#include "schedules/arm/register_tile.h"
#include "schedules/blocked/batched_gemm.h"

namespace atrous::arm {

using Halide::Target;

std::optional<Layout> layout(const BatchedGemmSpec&, const SizeHint& hint, const Target& target) {
    if (!is_arm64(target)) return std::nullopt;
    return panel_register_tile(hint);
}

Space space(const BatchedGemmSpec&, const SizeHint& hint, const Target&) {
    return space_of_panel(hint, register_space(hint));
}

void apply(BatchedGemm& gemm, const BatchedGemmSpec& spec, const Layout& layout, const Extents& extents,
           const Target& target) {
    blocked::apply(gemm, spec, layout, extents, target, accumulate);
}

}  // namespace atrous::arm
