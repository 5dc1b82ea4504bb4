// Transposed convolution by phases. Along one axis, output o receives input i through tap k where o + pad = i·stride +
// k·dilation. Outputs o = phase + stride·j of one phase share their taps, k = first + m·step with step = stride / g and
// g = gcd(dilation, stride), and tap m reads input j + shift − m·(dilation / g): an ordinary convolution of stride 1
// over the flipped taps, whose result is written to every stride-th output.
#pragma once

#include <cstdint>

#include "compiler/ir.h"

namespace atrous {

struct Phase {
    int64_t taps = 0;             // of the dense kernel; 0: nothing reaches this phase
    int64_t first = 0, step = 1;  // the dense kernel's tap t is tap first + (taps − 1 − t)·step of the original
    int64_t dilation = 1;         // of the dense kernel, in input coordinates
    int64_t pad_begin = 0;        // dense output j reads input j + t·dilation − pad_begin
};

// axis 0: H, axis 1: W; phase in [0, stride).
Phase phase_of(const TransposedConvOp& op, size_t axis, int64_t phase);

// How many outputs of a row of `extent_out` belong to the phase; may be zero or less where the row is shorter.
Size phase_extent(const Size& extent_out, int64_t stride, int64_t phase);

}  // namespace atrous
