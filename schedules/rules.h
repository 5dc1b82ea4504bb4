// Which schedule takes which operator: per operator one literal table, asked in order. A rule declines by returning no
// layout; the last one takes everything. To add a target, write its layout() and apply() beside x86's and put them
// before fallback.
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
};

inline constexpr Rule<ConvSpec, DilatedConv> dilated_conv_rules[] = {
    {"gpu/dilated_conv", gpu::layout, gpu::apply},
    {"x86/dilated_conv", x86::layout, x86::apply},
    {"arm/dilated_conv", arm::layout, arm::apply},
    {"fallback/dilated_conv", fallback::layout, fallback::apply},
};

inline constexpr Rule<DepthwiseConvSpec, DepthwiseConv> depthwise_conv_rules[] = {
    {"gpu/depthwise_conv", gpu::layout, gpu::apply},
    {"x86/depthwise_conv", x86::layout, x86::apply},
    {"arm/depthwise_conv", arm::layout, arm::apply},
    {"fallback/depthwise_conv", fallback::layout, fallback::apply},
};

inline constexpr Rule<TransposedConvSpec, TransposedConv> transposed_conv_rules[] = {
    {"gpu/transposed_conv", gpu::layout, gpu::apply},
    {"fallback/transposed_conv", fallback::layout, fallback::apply},
};

inline constexpr Rule<BatchedGemmSpec, BatchedGemm> batched_gemm_rules[] = {
    {"gpu/batched_gemm", gpu::layout, gpu::apply},
    {"x86/batched_gemm", x86::layout, x86::apply},
    {"arm/batched_gemm", arm::layout, arm::apply},
    {"fallback/batched_gemm", fallback::layout, fallback::apply},
};

template <class Spec, class Stages>
struct Choice {
    const Rule<Spec, Stages>* rule;
    Layout layout;
};

template <class Spec, class Stages, size_t count>
Choice<Spec, Stages> choose(const Rule<Spec, Stages> (&rules)[count], const Spec& spec, const SizeHint& hint,
                            const Halide::Target& target) {
    for (const auto& rule : rules) {
        if (auto layout = rule.layout(spec, hint, target)) return {&rule, *layout};
    }
    return {&rules[count - 1], {}};
}

}  // namespace atrous
