// Stacks of dilated convolutions in c16: packed at the entry, unpacked at the exit, in c16 between the layers.
#pragma once

#include "generators/dilated_conv_stack_generator.h"
#include "schedules/layout.h"

namespace atrous {

// The operands that `interface` declares, packed.
StackInputs packed_inputs(StackInterface& interface);

// Schedules all layers, and returns the planar output.
Halide::Func compute_stack(DilatedConvStack& stack, StackInterface& interface, const Halide::Target& target);

}  // namespace atrous
