// Enumerations shared by the algorithms, the compiler's network and kernel names. No Halide in here.
#pragma once

#include <string_view>

namespace atrous {

// One value per element; x, y, z are the operands, alpha and beta parameters.
enum class ElementwiseFunction {
    identity,
    // activations
    relu,          // max(x, 0)
    leaky_relu,    // x < 0 ? alpha·x : x
    prelu,         // x < 0 ? y·x : x
    clip,          // min(max(x, alpha), beta)
    sigmoid,       // 1 / (1 + e^−x)
    hard_sigmoid,  // max(0, min(1, alpha·x + beta))
    hard_swish,    // x · max(0, min(1, x/6 + 1/2))
    tanh,
    silu,       // x · sigmoid(x)
    gelu,       // x/2 · (1 + erf(x/√2))
    gelu_tanh,  // x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))
    elu,        // x < 0 ? alpha·(e^x − 1) : x
    softplus,   // ln(1 + e^x)
    // other functions of one operand
    neg,
    sqrt,
    exp,
    log,
    erf,
    floor,
    ceil,
    abs,
    reciprocal,
    // two operands
    add,
    sub,
    mul,
    div,
    max,
    min,
    pow,
    equal,  // boolean result
    // three operands
    where,  // x ? y : z, x boolean
};

std::string_view name_of(ElementwiseFunction);
int operands_of(ElementwiseFunction);  // 1, 2 or 3

// Where a convolution adds its residual input.
enum class Residual { none, before_activation, after_activation };

enum class PoolKind { max, average };
enum class ResizeMode { nearest, linear };
enum class ResizeCoordinates { half_pixel, pytorch_half_pixel, align_corners, asymmetric };
enum class NearestRounding { round_prefer_floor, round_prefer_ceil, floor, ceil };
enum class PadMode { constant, reflect, edge, wrap };

std::string_view name_of(Residual);
std::string_view name_of(PoolKind);
std::string_view name_of(ResizeMode);
std::string_view name_of(ResizeCoordinates);
std::string_view name_of(NearestRounding);
std::string_view name_of(PadMode);

}  // namespace atrous
