#include "compiler/phases.h"

#include <numeric>

namespace atrous {

Phase phase_of(const TransposedConvOp& op, size_t axis, int64_t phase) {
    const int64_t stride = op.stride[axis], dilation = op.dilation[axis], kernel = op.kernel[axis];
    const int64_t divisor = std::gcd(dilation, stride);
    const int64_t position = phase + op.pad_begin[axis];
    Phase result;
    result.step = stride / divisor;
    result.dilation = dilation / divisor;
    if (position % divisor != 0) return result;
    while (result.first < std::min(kernel, result.step) && (position - result.first * dilation) % stride != 0)
        ++result.first;
    if (result.first >= std::min(kernel, result.step)) return result;
    result.taps = (kernel - 1 - result.first) / result.step + 1;
    result.pad_begin = (result.taps - 1) * result.dilation - (position - result.first * dilation) / stride;
    return result;
}

Size phase_extent(const Size& extent_out, int64_t stride, int64_t phase) {
    return ceil_div(extent_out - Size(phase), Size(stride));
}

}  // namespace atrous
