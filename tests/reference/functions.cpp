#include "tests/reference/functions.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace atrous::reference {

int64_t floor_mod(int64_t a, int64_t b) {
    return ((a % b) + b) % b;
}

double apply_function(ElementwiseFunction function, double x, double y, double z, double alpha, double beta) {
    using F = ElementwiseFunction;
    switch (function) {
    case F::identity:
        return x;
    case F::relu:
        return std::max(x, 0.0);
    case F::leaky_relu:
        return x < 0 ? alpha * x : x;
    case F::prelu:
        return x < 0 ? y * x : x;
    case F::clip:
        return std::min(std::max(x, alpha), beta);
    case F::sigmoid:
        return 1 / (1 + std::exp(-x));
    case F::hard_sigmoid:
        return std::max(0.0, std::min(1.0, alpha * x + beta));
    case F::hard_swish:
        return x * std::max(0.0, std::min(1.0, x / 6 + 0.5));
    case F::tanh:
        return std::tanh(x);
    case F::silu:
        return x / (1 + std::exp(-x));
    case F::gelu:
        return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    case F::gelu_tanh:
        return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case F::elu:
        return x < 0 ? alpha * std::expm1(x) : x;
    case F::softplus:
        return x > 30 ? x : std::log1p(std::exp(x));
    case F::neg:
        return -x;
    case F::sqrt:
        return std::sqrt(x);
    case F::exp:
        return std::exp(x);
    case F::log:
        return std::log(x);
    case F::erf:
        return std::erf(x);
    case F::floor:
        return std::floor(x);
    case F::ceil:
        return std::ceil(x);
    case F::abs:
        return std::abs(x);
    case F::reciprocal:
        return 1 / x;
    case F::add:
        return x + y;
    case F::sub:
        return x - y;
    case F::mul:
        return x * y;
    case F::div:
        return x / y;
    case F::max:
        return std::max(x, y);
    case F::min:
        return std::min(x, y);
    case F::pow:
        return std::pow(x, y);
    case F::equal:
        return x == y;
    case F::where:
        return x != 0 ? y : z;
    }
    throw std::logic_error("unknown function");
}

float source_coordinate(ResizeCoordinates coordinates, int64_t i, int64_t length_in, int64_t length_out, float scale) {
    const auto at = static_cast<float>(i);
    switch (coordinates) {
    case ResizeCoordinates::half_pixel:
        return (at + 0.5f) / scale - 0.5f;
    case ResizeCoordinates::pytorch_half_pixel:
        return length_out > 1 ? (at + 0.5f) / scale - 0.5f : 0;
    case ResizeCoordinates::align_corners:
        return length_out > 1 ? at * static_cast<float>(length_in - 1) / static_cast<float>(length_out - 1) : 0;
    case ResizeCoordinates::asymmetric:
        return at / scale;
    }
    throw std::logic_error("unknown coordinate transformation");
}

int64_t nearest_coordinate(NearestRounding rounding, float at) {
    switch (rounding) {
    case NearestRounding::round_prefer_floor:
        return static_cast<int64_t>(std::ceil(at - 0.5f));
    case NearestRounding::round_prefer_ceil:
        return static_cast<int64_t>(std::floor(at + 0.5f));
    case NearestRounding::floor:
        return static_cast<int64_t>(std::floor(at));
    case NearestRounding::ceil:
        return static_cast<int64_t>(std::ceil(at));
    }
    throw std::logic_error("unknown rounding");
}

int64_t padded_coordinate(PadMode mode, int64_t i, int64_t extent) {
    if (i >= 0 && i < extent) return i;
    switch (mode) {
    case PadMode::constant:
        return -1;
    case PadMode::edge:
        return std::clamp<int64_t>(i, 0, extent - 1);
    case PadMode::wrap:
        return floor_mod(i, extent);
    case PadMode::reflect:
        break;
    }
    if (extent == 1) return 0;
    const int64_t folded = floor_mod(i, 2 * (extent - 1));
    return std::min(folded, 2 * (extent - 1) - folded);
}

}  // namespace atrous::reference
