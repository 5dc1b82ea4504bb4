// From a kernel spec to a scheduled Halide pipeline with the arguments that kernel_spec.h documents.
#pragma once

#include <vector>

#include "Halide.h"
#include "generators/kernel_spec.h"
#include "schedules/layout.h"

namespace atrous {

struct Kernel {
    std::vector<Halide::Argument> arguments;    // inputs and scalars in order; the output buffer is the pipeline's
    std::vector<Halide::Parameter> parameters;  // the same, to be told more about
    Halide::Func output;
};

// `scheduled` false leaves Halide's default schedule: everything inlined, loops as the algorithm says.
Kernel build_kernel(const KernelSpec& spec, const SizeHint& hint, const Halide::Target& target, bool scheduled = true);

}  // namespace atrous
