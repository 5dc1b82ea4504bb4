// Graph passes: each takes the network and leaves one that computes the same. run_passes() calls them in the order
// below.
#pragma once

#include "compiler/ir.h"

namespace atrous {

// Every float value becomes a network output under its ONNX name, in graph order (run --trace); fusion then stops by
// itself.
void keep_all_values(Network& network);

// Drops nodes whose outputs nobody reads, and the constants that only they read.
void remove_dead_nodes(Network& network);

// Takes out nodes that change nothing: Identity, casts to the same type, reshapes to the same shape, slices of
// everything, padding by nothing, transposes that move no element (they become reshapes), concatenations of one.
void remove_identities(Network& network);

// Elementwise nodes broadcast by themselves: they read what an Expand before them reads.
void skip_expansions(Network& network);

// Recognises x·sigmoid(x) as SiLU, x·hard_sigmoid(x) as HardSwish, and the two usual ways to write GELU.
void find_activation_patterns(Network& network);

// Zero padding over H and W in front of a convolution becomes the convolution's own.
void fold_padding(Network& network);

// Addition, subtraction, multiplication and division by constants, one per channel or one for all, go into the weights
// and bias of the convolution before them, and multiplications into the one after them.
void fold_affine(Network& network);

// What is left of x·scale + shift per channel (a BatchNormalization in front of an activation) becomes a depthwise 1×1
// convolution, one step that takes an activation.
void affine_to_depthwise(Network& network);

// A convolution whose weights are zero but between each channel and itself (bilinear enlargement, as networks are often
// exported) becomes a depthwise one: C times fewer products.
void diagonal_to_depthwise(Network& network);

// An activation after a convolution, a matrix product or a residual sum becomes part of it.
// A sum of a convolution's result and another value of the same shape becomes the convolution's residual.
// Both repeat until nothing changes: conv, add, relu is one step.
void fuse_epilogues(Network& network);

void run_passes(Network& network, bool keep_all);

}  // namespace atrous
