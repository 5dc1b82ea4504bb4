// Every kernel of generators/kernel_spec.h written down as naively as its contract: loops over the output, sums in
// double precision, no target, no Halide. The reference for schedule tests and for the plan interpreter beside it.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "generators/kernel_spec.h"
#include "tests/reference/functions.h"
#include "tests/reference/view.h"

namespace atrous::reference {

using Arg = std::variant<View, int32_t, float>;

// Arguments in the order of kernel_spec.h. Throws Violation.
void run_reference(const KernelSpec& spec, std::span<const Arg> args);

}  // namespace atrous::reference
