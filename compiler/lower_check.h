// What lowering relies on, checked before the passes touch a constant: ranks, window sizes, and that weights are
// constants of the shape that the operator needs.
#pragma once

#include "compiler/ir.h"

namespace atrous {

// Throws Error, naming the node.
void check_network(const Network& network);

}  // namespace atrous
