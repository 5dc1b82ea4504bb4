// The network between the ONNX file and the plan: a list of nodes in execution order over values. The importer leaves
// no shape arithmetic, no BatchNormalization over constants and no ONNX spelling behind: every node is one of the
// operations below, every attribute is explicit (auto_pad, defaults and opset differences are resolved), every weight
// is a constant value. Axes count in the value's own rank, from 0.
//
// Spatial attributes hold two entries, for H and W (in this order). A 1-D operator (rank 3: N,C,L) is a 2-D one with
// H = 1: {1, k}, {1, stride}, {0, pad}.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/size.h"
#include "generators/functions.h"
#include "runtime/plan.h"

namespace atrous {

using plan::ElementType;
using ValueId = uint32_t;
inline constexpr ValueId no_value = 0xffffffffu;

// Constant data, dense and row-major. Floats of any width are widened to `floats`, integers and booleans to `integers`.
struct Constant {
    std::vector<float> floats;
    std::vector<int64_t> integers;
};

struct Value {
    std::string name;  // the ONNX name, unique; empty for none
    ElementType type = ElementType::f32;
    std::vector<Size> shape;
    std::optional<Constant> constant;
};

using Pair = std::array<int64_t, 2>;  // H, W

// x, weights (Cout, Cin/groups, kH, kW), [bias (Cout)]. Output (n, co, oh, ow) = bias(co) + Σ x(n, ci, oh·s + kh·d − p,
// …) · weights(co, ci, kh, kw), zero outside x.
struct ConvOp {
    Pair kernel{1, 1}, stride{1, 1}, dilation{1, 1}, pad_begin{0, 0}, pad_end{0, 0};
    int64_t groups = 1;
};
// x, weights (Cin, Cout/groups, kH, kW), [bias (Cout)]. H_out = (H − 1)·s − pads + d·(k − 1) + output_padding + 1; with
// output_shape given, the importer has turned it into pads.
struct TransposedConvOp {
    Pair kernel{1, 1}, stride{1, 1}, dilation{1, 1}, pad_begin{0, 0}, pad_end{0, 0}, output_padding{0, 0};
    int64_t groups = 1;
};
// x (N, K), weights (K, M), [bias (M)]: Gemm and MatMul with constant weights.
struct LinearOp {};
struct PoolOp {
    PoolKind kind = PoolKind::max;
    Pair kernel{1, 1}, stride{1, 1}, dilation{1, 1}, pad_begin{0, 0}, pad_end{0, 0};
    bool ceil_mode = false, count_include_pad = false;
};
struct GlobalPoolOp {  // over H,W; output keeps them as 1 unless keep_dims is false (ReduceMean)
    PoolKind kind = PoolKind::average;
    bool keep_dims = true;
};
// Coordinate transformation and rounding as ONNX Resize names them. N and C are never scaled. The output size is the
// output value's shape; scale is what the coordinate transformation divides by.
struct ResizeOp {
    ResizeMode mode = ResizeMode::nearest;
    ResizeCoordinates coordinates = ResizeCoordinates::half_pixel;
    NearestRounding rounding = NearestRounding::round_prefer_floor;
    std::array<Size, 2> scale;
};
// One input per operand of the function (PRelu: x, slope; Where: condition, a, b), numpy broadcasting.
struct ElementwiseOp {
    ElementwiseFunction function = ElementwiseFunction::identity;
    float alpha = 0, beta = 0;  // parameters, see functions.h
};
struct SoftmaxOp {
    int64_t axis = 1;
    bool logarithm = false;
};
struct ArgmaxOp {
    int64_t axis = 1;
    bool keep_dims = true, select_last = false;
};
// x, scale (C), bias (C); per (n, c) over all further dimensions.
struct InstanceNormOp {
    float epsilon = 1e-5f;
};
struct ConcatOp {
    int64_t axis = 1;
};
// Output (i…) = x(begin + i·step …) per axis; step may be negative. Split becomes several of these.
struct SliceOp {
    std::vector<Size> begin;    // one per axis
    std::vector<int64_t> step;  // one per axis
};
struct PadOp {
    PadMode mode = PadMode::constant;
    std::vector<Size> begin, end;  // one per axis; never negative (the importer slices)
    float value = 0;
};
struct TransposeOp {
    std::vector<int64_t> perm;
};
struct ReshapeOp {};  // same elements in row-major order, the output value's shape (Squeeze, Unsqueeze, Flatten too)
struct ExpandOp {};   // broadcast to the output value's shape
struct DepthToSpaceOp {
    int64_t block = 1;
    bool column_row_depth = false;  // mode CRD
};
struct SpaceToDepthOp {
    int64_t block = 1;
};
struct CastOp {};  // to the output value's type

using Op = std::variant<ConvOp, TransposedConvOp, LinearOp, PoolOp, GlobalPoolOp, ResizeOp, ElementwiseOp, SoftmaxOp,
                        ArgmaxOp, InstanceNormOp, ConcatOp, SliceOp, PadOp, TransposeOp, ReshapeOp, ExpandOp,
                        DepthToSpaceOp, SpaceToDepthOp, CastOp>;

// What the fusion pass has folded into a Conv, TransposedConv or Linear: y = activation(op(x) [+ residual]) or
// activation(op(x)) + residual. Inputs are then x, weights, bias (or no_value), [slope (C) or (1) of a PRelu],
// [residual].
struct Fused {
    ElementwiseFunction activation = ElementwiseFunction::identity;
    float alpha = 0, beta = 0;
    Residual residual = Residual::none;
};

struct Node {
    std::string name;       // the ONNX node's, for messages; several joined by " + " after fusion
    std::string onnx_type;  // "Conv"
    Op op;
    std::vector<ValueId> inputs, outputs;
    Fused fused;
};

struct Constraint {
    Size condition;  // must be non-zero for the input sizes given
    std::string message;
};

struct Network {
    std::string file;  // for messages
    std::vector<Value> values;
    std::vector<Node> nodes;
    std::vector<ValueId> inputs, outputs;
    std::vector<Constraint> constraints;
    std::map<std::string, std::string> metadata;  // ONNX metadata_props
    std::string sha256;                           // of the ONNX file
};

}  // namespace atrous
