// What the lowerings of convolutions share: a call of one of their kernels, and what it is made of.
#pragma once

#include <optional>

#include "compiler/lowering.h"
#include "compiler/phases.h"
#include "compiler/repack.h"

namespace atrous {

// Which of the node's inputs fusion has put where.
struct Operands {
    ValueId x = no_value, weights = no_value, bias = no_value, slope = no_value, residual = no_value;
};
// Everything that does not change between the phases of a transposed convolution.
struct Call {
    Operands operands;
    Packing packing = Packing::planar;
    int64_t channels_in = 1, channels_out = 1, groups = 1;
    BufferView out, residual, bias, slope;
    // Read for the operand: a copy with its halo, some of its blocks, or its planes; none: itself.
    std::vector<BufferView> x;
    std::optional<Size> rows;  // in a loop over rows: those of a phase that an iteration makes
    // The operand, or the output, is planar although the kernels want blocks: each group of Winograd's tiles packs what
    // it reads, or unpacks what it makes.
    bool reads_planes = false, writes_planes = false;

    ImageShape shape() const;  // of the output's view
};
// Whether the node's input, or its output, is better left planar: it comes from memory, and nobody else needs blocks.
bool reads_planes(const Lowering& to, const Node& node);
bool writes_planes(const Lowering& to, const Node& node);
// Where inputs are read and the output is written; of a Conv, a Linear or a ConvTranspose.
Call call_of(Lowering& to, const Node& node);

struct Window {
    int64_t dilation_x = 1, dilation_y = 1, pad_left = 0, pad_top = 0, kernel_y = 1, stride_y = 1;
};
Window window_of(const ConvOp& op);
Window window_of(const Phase& y, const Phase& x);

template <class Spec>
Spec spec_of(const Node& node, Packing packing, int64_t kernel_y, int64_t kernel_x, const Pair& stride) {
    Spec spec;
    spec.packing = packing;
    spec.kernel_x = static_cast<int>(kernel_x);
    spec.kernel_y = static_cast<int>(kernel_y);
    spec.stride_x = static_cast<int>(stride[1]);
    spec.stride_y = static_cast<int>(stride[0]);
    spec.activation = node.fused.activation;
    spec.residual = node.fused.residual;
    return spec;
}

// What an iteration of the loop over rows at hand has of an output or a residual; without such a loop, all of it.
BufferView rows_of(const Lowering& to, const Call& call, BufferView view);

// Input, weights, bias, [slope], [residual], window, what the spec asks for besides, parameters, output.
std::vector<PlanArg> arguments(Lowering& to, const Call& call, const Node& node, const BufferView& weights,
                               const Window& window, const std::vector<int64_t>& besides, const BufferView& residual,
                               const BufferView& out);

// One call of a dense or a depthwise kernel: a Conv, a Linear, or a phase of a transposed one.
void call_convolution(Lowering& to, const Node& node, const Call& call, const DenseWeights& weights,
                      const Window& window, const Pair& stride, const BufferView& residual, const BufferView& out,
                      const SizeHint& hint, const Size& skip);
void call_depthwise(Lowering& to, const Node& node, const Call& call, const DenseWeights& weights, const Window& window,
                    const Pair& stride, const BufferView& residual, const BufferView& out, const SizeHint& hint,
                    const Size& skip);

// The calls of kernels that a Conv or a ConvTranspose consists of, as far as sizes are known when the network is
// compiled.
std::vector<ConvPart> conv_parts(const Lowering& to, const Node& node, Packing packing);
ConvPart conv_part(const Lowering& to, const Node& node, const Pair& taps, const Window& window, const Pair& stride,
                   const ImageShape& out, Packing packing);
std::vector<ConvPart> phase_parts(const Lowering& to, const Node& node, Packing packing);

void call_transposed(Lowering& to, const Node& node, const TransposedConvOp& op, const Call& call);
// Between planar tensors, all phases at once, where is_phased() of layout.h says so.
void lower_phased(Lowering& to, const Node& node, const TransposedConvOp& op, const Call& call);
// All kernel calls of a Conv or ConvTranspose.
void convolve(Lowering& to, const Node& node, const Call& call);

}  // namespace atrous
