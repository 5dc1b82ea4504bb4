// Runs a plan with the naive kernels, one heap block per tensor: the check of import and lowering that needs no Halide.
// Every access is checked: outside a tensor, into memory that nobody has written, outside a tensor's lifetime, by a
// step whose output overlaps an input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/lower.h"

namespace atrous::reference {

// Dense, row-major.
struct PlanTensor {
    std::string name;
    plan::ElementType element = plan::ElementType::f32;
    std::vector<int64_t> shape;
    std::vector<std::byte> bytes;

    static PlanTensor of(std::vector<int64_t> shape, const std::vector<float>& numbers);
    std::vector<float> floats() const;
    std::vector<int64_t> integers() const;
};

// Inputs in the network's order. Throws Violation: whatever the plan does that it must not, and constraints that the
// inputs' sizes break (with the constraint's message).
std::vector<PlanTensor> run_plan(const LoweredNetwork& network, const std::vector<PlanTensor>& inputs);

}  // namespace atrous::reference
