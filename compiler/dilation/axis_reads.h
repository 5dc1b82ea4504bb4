// One axis of an operator: which positions of its input a position of its output reads. Everything about receptive
// fields is derived from these sets, not from formulas, so that even kernels, strides, transposed convolutions and
// resizes need no cases of their own. Positions are whole numbers; the picture is [0, in).
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "generators/functions.h"

namespace atrous::dilation {

// Output o reads o·stride + k·rate − pad for k in [0, kernel). Convolutions, pooling, Slice (kernel 1, the step as
// stride), SpaceToDepth (kernel and stride the block), broadcasting (kernel 1, stride 0).
struct WindowReads {
    int64_t kernel = 1, stride = 1, rate = 1, pad = 0;
    bool operator==(const WindowReads&) const = default;
};
// Output o reads each i for which o + pad = i·stride + k·rate for a k in [0, kernel).
struct TransposedReads {
    int64_t kernel = 1, stride = 1, rate = 1, pad = 0;
    bool operator==(const TransposedReads&) const = default;
};
// ONNX Resize: one position (nearest), or the two around it unless one has no weight (linear).
struct ResizeReads {
    ResizeMode mode = ResizeMode::nearest;
    ResizeCoordinates coordinates = ResizeCoordinates::half_pixel;
    NearestRounding rounding = NearestRounding::round_prefer_floor;
    double scale = 1;
    int64_t out = 1;  // extent of the output, which two of the coordinate transformations divide by
    bool operator==(const ResizeReads&) const = default;
};
// Every position: global pooling, Softmax along the axis, a matrix product over flattened pixels.
struct WholeReads {
    bool operator==(const WholeReads&) const = default;
};

// What lies outside [0, in).
enum class Outside {
    padding,  // zeros: nothing is read
    edge,
    reflect,
    wrap,
};

struct AxisReads {
    std::variant<WindowReads, TransposedReads, ResizeReads, WholeReads> reads;
    int64_t in = 1;  // extent of the input
    Outside outside = Outside::padding;

    bool is_whole() const { return std::holds_alternative<WholeReads>(reads); }
    bool operator==(const AxisReads&) const = default;
    bool is_broadcast() const;  // every output reads the one position there is
    bool is_identity() const;   // output o reads input o and nothing else
};

enum class Borders {
    none,     // the picture goes on for ever: theoretical receptive fields
    picture,  // reads outside [0, in) are dropped, or go where `outside` says
};

// For outputs [first, first + count): output first + j reads input[begin[j]] … input[begin[j + 1] − 1], one entry a
// tap, so that a position can stand there several times.
struct AxisTaps {
    std::vector<int64_t> begin, input;
    int64_t lowest = 0, highest = -1;  // of `input`; highest < lowest where there is none
};

AxisTaps taps_of(const AxisReads& axis, int64_t first, int64_t count, Borders borders);

// Of outputs × kernel products of a window or a transposed convolution, those that meet a pixel of the picture and one
// of the output. Along one axis; a layer has the product of both.
int64_t real_products(const AxisReads& axis, int64_t out);

}  // namespace atrous::dilation
