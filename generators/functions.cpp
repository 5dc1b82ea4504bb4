#include "generators/functions.h"

namespace atrous {

std::string_view name_of(ElementwiseFunction function) {
    switch (function) {
    case ElementwiseFunction::identity:
        return "identity";
    case ElementwiseFunction::relu:
        return "relu";
    case ElementwiseFunction::leaky_relu:
        return "leaky_relu";
    case ElementwiseFunction::prelu:
        return "prelu";
    case ElementwiseFunction::clip:
        return "clip";
    case ElementwiseFunction::sigmoid:
        return "sigmoid";
    case ElementwiseFunction::hard_sigmoid:
        return "hard_sigmoid";
    case ElementwiseFunction::hard_swish:
        return "hard_swish";
    case ElementwiseFunction::tanh:
        return "tanh";
    case ElementwiseFunction::silu:
        return "silu";
    case ElementwiseFunction::gelu:
        return "gelu";
    case ElementwiseFunction::gelu_tanh:
        return "gelu_tanh";
    case ElementwiseFunction::elu:
        return "elu";
    case ElementwiseFunction::softplus:
        return "softplus";
    case ElementwiseFunction::neg:
        return "neg";
    case ElementwiseFunction::sqrt:
        return "sqrt";
    case ElementwiseFunction::exp:
        return "exp";
    case ElementwiseFunction::log:
        return "log";
    case ElementwiseFunction::erf:
        return "erf";
    case ElementwiseFunction::floor:
        return "floor";
    case ElementwiseFunction::ceil:
        return "ceil";
    case ElementwiseFunction::abs:
        return "abs";
    case ElementwiseFunction::reciprocal:
        return "reciprocal";
    case ElementwiseFunction::add:
        return "add";
    case ElementwiseFunction::sub:
        return "sub";
    case ElementwiseFunction::mul:
        return "mul";
    case ElementwiseFunction::div:
        return "div";
    case ElementwiseFunction::max:
        return "max";
    case ElementwiseFunction::min:
        return "min";
    case ElementwiseFunction::pow:
        return "pow";
    case ElementwiseFunction::equal:
        return "equal";
    case ElementwiseFunction::where:
        return "where";
    }
    return "?";
}

int operands_of(ElementwiseFunction function) {
    if (function == ElementwiseFunction::where) return 3;
    return function == ElementwiseFunction::prelu || function >= ElementwiseFunction::add ? 2 : 1;
}

std::string_view name_of(Residual residual) {
    switch (residual) {
    case Residual::none:
        return "none";
    case Residual::before_activation:
        return "residual_before";
    case Residual::after_activation:
        return "residual_after";
    }
    return "?";
}

std::string_view name_of(PoolKind kind) {
    return kind == PoolKind::max ? "max" : "average";
}
std::string_view name_of(ResizeMode mode) {
    return mode == ResizeMode::nearest ? "nearest" : "linear";
}

std::string_view name_of(ResizeCoordinates coordinates) {
    switch (coordinates) {
    case ResizeCoordinates::half_pixel:
        return "half_pixel";
    case ResizeCoordinates::pytorch_half_pixel:
        return "pytorch_half_pixel";
    case ResizeCoordinates::align_corners:
        return "align_corners";
    case ResizeCoordinates::asymmetric:
        return "asymmetric";
    }
    return "?";
}

std::string_view name_of(NearestRounding rounding) {
    switch (rounding) {
    case NearestRounding::round_prefer_floor:
        return "round_prefer_floor";
    case NearestRounding::round_prefer_ceil:
        return "round_prefer_ceil";
    case NearestRounding::floor:
        return "floor";
    case NearestRounding::ceil:
        return "ceil";
    }
    return "?";
}

std::string_view name_of(PadMode mode) {
    switch (mode) {
    case PadMode::constant:
        return "constant";
    case PadMode::reflect:
        return "reflect";
    case PadMode::edge:
        return "edge";
    case PadMode::wrap:
        return "wrap";
    }
    return "?";
}

}  // namespace atrous
