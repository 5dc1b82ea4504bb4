// Depthwise convolution in c16: a strip of pixels in registers, one channel block at a time.
#pragma once

#include "generators/depthwise_conv.h"
#include "schedules/layout.h"

namespace atrous::blocked {

void apply(DepthwiseConv& conv, const Layout& layout, const Extents& extents);

}  // namespace atrous::blocked
