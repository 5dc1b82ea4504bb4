// A block of hybrid dilated convolution: a stack whose rates leave no pixel out, with a shortcut around it (Wang et
// al., arXiv 1702.08502; the shortcut as in He et al., arXiv 1512.03385):
//   y = activation(conv_n(… activation(conv_1(x)) …) + x)
#pragma once

#include "generators/dilated_conv_stack.h"

namespace atrous {

// `in.residual` is the block's input as the last layer's output is packed; input and output have equally many channels.
DilatedConvStack hdc_block(const ConvSpec& spec, const StackInputs& in);

}  // namespace atrous
