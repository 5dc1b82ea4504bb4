// Which schedule takes which operator: per operator one literal table, asked in order. A rule declines by returning no
// layout; the last one takes everything. To add a target, write its layout(), apply() and space() beside x86's and put
// them before fallback.
#pragma once

#include <optional>

#include "schedules/arm/batched_gemm.h"
#include "schedules/arm/depthwise_conv.h"
#include "schedules/arm/dilated_conv.h"
#include "schedules/fallback/convolutions.h"
#include "schedules/fallback/operators.h"
#include "schedules/fallback/winograd.h"
#include "schedules/gpu/convolutions.h"
#include "schedules/gpu/operators.h"
#include "schedules/gpu/winograd.h"
#include "schedules/layout.h"
#include "schedules/x86/batched_gemm.h"
#include "schedules/x86/depthwise_conv.h"
#include "schedules/x86/dilated_conv.h"

namespace atrous {

template <class Spec, class Stages>
struct Rule {
    const char* name;
    std::optional<Layout> (*layout)(const Spec&, const SizeHint&, const Halide::Target&);
    void (*apply)(Stages&, const Spec&, const Layout&, const Extents&, const Halide::Target&);
    Space (*space)(const Spec&, const SizeHint&, const Halide::Target&);  // null: nothing to decide
};

inline constexpr Rule<ConvSpec, DilatedConv> dilated_conv_rules[] = {
    {"gpu/dilated_conv", gpu::layout, gpu::apply, gpu::space},
    {"x86/dilated_conv", x86::layout, x86::apply, x86::space},
    {"arm/dilated_conv", arm::layout, arm::apply, arm::space},
    {"fallback/dilated_conv", fallback::layout, fallback::apply, nullptr},
};

inline constexpr Rule<DepthwiseConvSpec, DepthwiseConv> depthwise_conv_rules[] = {
    {"gpu/depthwise_conv", gpu::layout, gpu::apply, nullptr},
    {"x86/depthwise_conv", x86::layout, x86::apply, x86::space},
    {"arm/depthwise_conv", arm::layout, arm::apply, arm::space},
    {"fallback/depthwise_conv", fallback::layout, fallback::apply, nullptr},
};

inline constexpr Rule<TransposedConvSpec, TransposedConv> transposed_conv_rules[] = {
    {"gpu/transposed_conv", gpu::layout, gpu::apply, nullptr},
    {"fallback/transposed_conv", fallback::layout, fallback::apply, nullptr},
};

inline constexpr Rule<BatchedGemmSpec, BatchedGemm> batched_gemm_rules[] = {
    {"gpu/batched_gemm", gpu::layout, gpu::apply, nullptr},
    {"x86/batched_gemm", x86::layout, x86::apply, x86::space},
    {"arm/batched_gemm", arm::layout, arm::apply, arm::space},
    {"fallback/batched_gemm", fallback::layout, fallback::apply, nullptr},
};

template <class Spec, class Stages>
struct Choice {
    const Rule<Spec, Stages>* rule;
    Layout layout;
};

template <class Spec, class Stages>
Space space_of(const Rule<Spec, Stages>& rule, const Spec& spec, const SizeHint& hint, const Halide::Target& target) {
    return rule.space ? rule.space(spec, hint, target) : Space{};
}

template <class Spec, class Stages, size_t count>
Choice<Spec, Stages> choose(const Rule<Spec, Stages> (&rules)[count], const Spec& spec, const SizeHint& hint,
                            const Halide::Target& target) {
    for (const auto& rule : rules) {
        const auto layout = rule.layout(spec, hint, target);
        if (!layout) continue;
        const Layout wanted = tuned(*layout, hint.tuning);
        const bool is_legal = wanted != *layout && space_of(rule, spec, hint, target).has(wanted);
        return {&rule, is_legal ? wanted : *layout};
    }
    return {&rules[count - 1], {}};
}

}  // namespace atrous
