#include "schedules/x86/batched_gemm.h"

#include "schedules/blocked/batched_gemm.h"
#include "schedules/x86/register_tile.h"

namespace atrous::x86 {

using Halide::Target;

std::optional<Layout> layout(const BatchedGemmSpec&, const SizeHint& hint, const Target& target) {
    if (target.arch != Target::X86) return std::nullopt;
    return panel_register_tile(hint, target);
}

Space space(const BatchedGemmSpec&, const SizeHint& hint, const Target& target) {
    return space_of_panel(hint, register_space(hint, target));
}

void apply(BatchedGemm& gemm, const BatchedGemmSpec& spec, const Layout& layout, const Extents& extents,
           const Target& target) {
    blocked::apply(gemm, spec, layout, extents, target, accumulate);
}

}  // namespace atrous::x86
