// What a kernel computes: its identity, without any target in it. Equal specs share one kernel;
// sizes, channel counts, dilation, padding and function parameters are run-time arguments. No Halide in here.
//
// Packing, innermost dimension first (as halide_buffer_t orders them):
//   planar  dense row-major; an image N,C,H,W is (x, y, c, n)
//   c16     channel blocks of 16 floats, one cache line: (c, x, y, cb, n), c in 0…15, channel = 16·cb + c. Lanes past
//   the
//           last channel are finite, whatever they hold; kernels that could make Inf or NaN there write 0.
// Buffers describe the image without its halo. Where a kernel below says "halo", it reads outside the described
// extents: the caller's storage holds zeros there, as far as the padding reaches.
//
// Each spec documents its arguments in order: buffers, then scalars (int32 unless said otherwise), the output buffer
// last. Every buffer is float32 unless said otherwise; minima are 0, the innermost stride is 1; any other stride is
// free (0 broadcasts an input). A kernel writes exactly the described output extents (an element twice at times, with
// the same value, so no input may overlap the output).
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "generators/functions.h"
#include "generators/layout.h"
#include "runtime/plan.h"

namespace atrous {

using plan::ElementType;

// Dense and grouped convolution.
// c16 (groups == 1, or channels per group on both sides a multiple of 16): input with halo, its x stride 16; weights
// (c16, ci, kx, ky, cib,
//   cb): output channel within its block, input channel within its block (min(16, Cin) of them: the padding of the last
//   block is zero), kernel, input block within the group, output block; bias (c, cb); [slope (c, cb) for prelu];
//   [residual, as output]
// planar: input, no halo (reads outside are zero); weights (kx, ky, ci, co) as ONNX stores them, or with
//   blocked_filters (not grouped) as in c16; bias (co); [slope (co)]; [residual]
// then: dilation_x, dilation_y, pad_left, pad_top, output channels per group (c16: blocks), f32 alpha, f32 beta;
// output. Output x reads input x·stride + kx·dilation − pad_left.
struct ConvSpec {
    ElementType element = ElementType::f32;
    Packing packing = Packing::planar;
    int kernel_x = 1, kernel_y = 1, stride_x = 1, stride_y = 1;
    bool grouped = false;
    bool blocked_filters = false;
    ElementwiseFunction activation = ElementwiseFunction::identity;
    Residual residual = Residual::none;
};

// One filter per channel (groups == Cin == Cout).
// c16: input with halo, its x stride 16; weights (c, kx, ky, cb); bias (c, cb); [slope (c, cb)]; [residual]
// planar: input, no halo; weights (kx, ky, 1, c); bias (c); [slope (c)]; [residual]
// widening (planar, none: 0): every pixel gives so many outputs, side by side, each with a filter of its own; input
// with
//   halo; weights (u, kx, ky, c), residual and output (u, x, y, c, n). This is a phase in y of a transposed
//   convolution.
// then: dilation_x, dilation_y, pad_left, pad_top, f32 alpha, f32 beta; output.
struct DepthwiseConvSpec {
    ElementType element = ElementType::f32;
    Packing packing = Packing::planar;
    int kernel_x = 1, kernel_y = 1, stride_x = 1, stride_y = 1;
    ElementwiseFunction activation = ElementwiseFunction::identity;
    Residual residual = Residual::none;
    int widening = 0;
};

// Dense convolution to a few channels, from c16 to planar: input c16 with halo, its x stride 16; weights (c, kx, ky,
// cib, co): lane and block of the input channel, zero past the last one, output channel; bias (co); [slope (co)];
// dilation_x, dilation_y, pad_left, pad_top, f32 alpha, f32 beta; output planar.
struct NarrowConvSpec {
    ElementType element = ElementType::f32;
    int kernel_x = 1, kernel_y = 1, stride_x = 1, stride_y = 1;
    ElementwiseFunction activation = ElementwiseFunction::identity;
};

// Any transposed convolution, planar, by phases inside the kernel. (In c16 the compiler calls one ConvSpec or
// DepthwiseConvSpec kernel per phase on a strided view of the output; no kernel of its own is needed.)
// planar: input; weights (kx, ky, co within group, ci) as ONNX stores them; bias (co); [slope]; [residual]; dilation_x,
// dilation_y, pad_left, pad_top, input channels per group, output channels per group, f32 alpha, f32 beta; output.
struct TransposedConvSpec {
    ElementType element = ElementType::f32;
    int kernel_x = 1, kernel_y = 1, stride_x = 1, stride_y = 1;
    ElementwiseFunction activation = ElementwiseFunction::identity;
    Residual residual = Residual::none;
};

// Transposed convolution of dilation 1, not grouped, planar, all phases of a row at once: input with halo; weights (co,
// kx, ci, ky, cob): phased_filters(stride_x) output channels side by side, those past the last zero; bias (co); [slope
// (co)]; [residual, as output]; f32 alpha, f32 beta; output (u, x, v, y, co, n), phases u and v of the outputs that
// belong to input (x, y): every phase has as many. It may read up to 32 inputs of a row past those that it needs.
struct PhasedConvSpec {
    ElementType element = ElementType::f32;
    int kernel_x = 1, kernel_y = 1, stride_x = 1, stride_y = 1, pad_left = 0, pad_top = 0;
    ElementwiseFunction activation = ElementwiseFunction::identity;
    Residual residual = Residual::none;
};
constexpr int phased_filters(int stride_x) {
    return stride_x < 8 ? 8 / stride_x : 1;
}

// input, no halo needed; kernel_x, kernel_y, stride_x, stride_y, dilation_x, dilation_y, pad_left, pad_top, pad_right,
// pad_bottom, out_width, out_height (the output's extents again); output. Max ignores the padding; average divides by
// the taps inside the input, or with count_include_pad by those inside the padded input.
struct PoolSpec {
    ElementType element = ElementType::f32;
    Packing packing = Packing::planar;
    PoolKind kind = PoolKind::max;
    bool count_include_pad = false;
};

// input; output with extent 1 in x and y.
struct GlobalPoolSpec {
    ElementType element = ElementType::f32;
    Packing packing = Packing::planar;
    PoolKind kind = PoolKind::average;
};

// input; f32 scale_x, f32 scale_y (ONNX scales; used by half_pixel and asymmetric transformations); out_width,
// out_height (the output's extents again, used by the other two); output. Reads are clamped to the input.
struct ResizeSpec {
    ElementType element = ElementType::f32;
    Packing packing = Packing::planar;
    ResizeMode mode = ResizeMode::nearest;
    ResizeCoordinates coordinates = ResizeCoordinates::half_pixel;
    NearestRounding rounding = NearestRounding::round_prefer_floor;
};

// planar: operands and output are five-dimensional views with any meaning; operand i may have stride 0 in dimensions
//   1…4, and where bit i of `inner_broadcast` is set it has extent 1 in dimension 0 and is repeated there.
// c16: (c, x, y, cb, n), inner_broadcast repeats lane 0 over c; lanes past `channels` are written 0.
// operands; channels (c16; planar: 0); f32 alpha, f32 beta; output. equal: u8 output of 0 and 1, where: first operand
// u8.
struct ElementwiseSpec {
    ElementType element = ElementType::f32;
    Packing packing = Packing::planar;
    ElementwiseFunction function = ElementwiseFunction::identity;
    int inner_broadcast = 0;
};

// Moves elements of 1, 4 or 8 bytes between two six-dimensional views. Strides of the input are arbitrary, also 0 or
// negative (the innermost too where `strided`); the output's innermost stride is 1 unless `scattered`. This is Slice,
// Transpose, Expand, Concat, SpaceToDepth, DepthToSpace. input; output.
struct CopySpec {
    int element_bytes = 4;
    bool strided = false;    // input stride in dimension 0 is free
    bool scattered = false;  // output stride in dimension 0 is free
};

// planar image (x, y, c, n) → c16, lanes past the last channel 0. input; output.
struct PackSpec {
    ElementType element = ElementType::f32;
};
// c16 → planar image. input; output (its channel extent is the true one).
struct UnpackSpec {
    ElementType element = ElementType::f32;
};

// A rectangle of a planar image, zero where it hangs over: the `index`-th of count_x · count_y in an image, image after
// image. Column X of them begins at x = step_x · X − pad_left. Row Y has the image's rows y, y + dilation_y, …, where y
// = ⌊Y / dilation_y⌋ · step_y · dilation_y + Y mod dilation_y − pad_top. Planar image; index, count_x, count_y, step_x,
// step_y, dilation_y, pad_left, pad_top; output, an image in either packing; c16: lanes past the last channel 0.
struct AreaSpec {
    ElementType element = ElementType::f32;
    Packing packing = Packing::planar;
};

// c16 → such a rectangle of a planar image, step_x · step_y pixels without padding, what of it exists. Input of one
// image; index, count_x, count_y, step_x, step_y, dilation_y, width, height, channels (the output's extents again);
// output planar.
struct UnpackAreaSpec {
    ElementType element = ElementType::f32;
};

// c16, writes `value` to a view (c, x, y, cb, n): halos. f32 value; output.
struct FillSpec {
    ElementType element = ElementType::f32;
};

// planar only; four dimensions d0…d3: input; begin0…begin3; f32 value; output. Element of output at d is input at
// d − begin, outside it by mode.
struct PadSpec {
    ElementType element = ElementType::f32;
    PadMode mode = PadMode::constant;
};

// planar image: input (x, y, c, n); block; output. Mode DCR: input channel = (by·block + bx)·C + c; CRD: (c·block +
// by)·block + bx.
struct DepthToSpaceSpec {
    ElementType element = ElementType::f32;
    bool column_row_depth = false;
};

// planar (inner, axis, outer): input; output.
struct SoftmaxSpec {
    ElementType element = ElementType::f32;
    bool logarithm = false;
};

// planar (inner, axis, outer): input; output int64 (inner, outer).
// scattered: views with any meaning: input (d0…d4, axis); output int64 (d0…d4), whose innermost stride is free too.
struct ArgmaxSpec {
    ElementType element = ElementType::f32;
    bool select_last = false;
    bool scattered = false;
};

// planar (inner, c, n): input; scale (c); bias (c); f32 epsilon; output.
struct InstanceNormSpec {
    ElementType element = ElementType::f32;
};

// (i): input of type `from`; output of type `to`. Floats are rounded towards zero; booleans are u8 buffers, non-zero
// inputs give 1.
struct CastSpec {
    ElementType from = ElementType::f32, to = ElementType::i64;
};

// Outputs and taps of F(m, k) along each axis (generators/winograd.h); 1 and 1 leave an axis alone.
struct WinogradTile {
    int outputs_x = 4, outputs_y = 4, kernel_x = 3, kernel_y = 3;

    int size_x() const { return outputs_x + kernel_x - 1; }
    int size_y() const { return outputs_y + kernel_y - 1; }
    bool operator==(const WinogradTile&) const = default;
};

// Filters into the Winograd domain: weights as ConvSpec has them in c16, not grouped; output (c, k, cb, ex, ey), k = 16
// · input block + lane, zero past the input channels.
struct WinogradWeightsSpec {
    ElementType element = ElementType::f32;
    WinogradTile tile;
};

// The area of an image that a group of tiles will read, from its first to its last byte: tiles take it up in an order
// that no prefetcher follows. Input c16 with halo; group, groups_x, groups_y (the group's index and how many there are
// along each axis), dilation_x, dilation_y, tiles_x, tiles_y (of a group), outputs_x, outputs_y, size_x, size_y (of a
// tile: outputs, and elements), pad_left, pad_top, last_x, last_y (the largest coordinates that may be read); output
// (c), the largest number in each lane, or zero.
struct WinogradFetchSpec {
    ElementType element = ElementType::f32;
};

// A group of tiles of the input into the Winograd domain: input c16 with halo; group, groups_x, groups_y (the group's
// index and how many there are along each axis), dilation_x, dilation_y, pad_left, pad_top, last_x, last_y (the largest
// coordinates that may be read), tiles_x, tiles_y (of a group), tiles (of the group and of as many images from its own
// on as that covers), P (tiles in a panel, the output's extent again), first panel; output (c, p, panel, cb, ex, ey):
// tile (x, y, n), counted x first, then y, then image, is (first panel + panel) · P + p. Tiles past the image or past
// the last get finite numbers.
struct WinogradInputSpec {
    ElementType element = ElementType::f32;
    WinogradTile tile;
};

// M(c, e, p, panel, cb) = Σ U(c, k, cb, e) · V(k mod 16, p, k / 16, panel, e): U; V; output M. What a register tile
// reads of V, a panel, is one piece of memory; so are the elements of a tile in M. The hint's width is the number of
// tiles in a panel.
struct BatchedGemmSpec {
    ElementType element = ElementType::f32;
    int part_blocks = 0;  // sums of so many input blocks are added up, which loses less precision; 0: all at once
    // What lies side by side in memory: an element's products of all tiles (p, then e), or a tile's of all elements.
    bool by_element = false;
    bool far = false;  // V comes from beyond a core's own cache: it is asked for before it is used
};

// A group of tiles back to pixels: products (c, ex, ey, tx, ty, cb, n); bias (c, cb); [slope (c, cb)]; [residual, as
// output]; group, groups_x, groups_y, dilation_x, dilation_y, f32 alpha, f32 beta, width, height (the output's extents
// again); output, of which only the pixels of this group's tiles are written.
struct WinogradOutputSpec {
    ElementType element = ElementType::f32;
    WinogradTile tile;
    ElementwiseFunction activation = ElementwiseFunction::identity;
    Residual residual = Residual::none;
    bool by_element = false;  // the products, as BatchedGemmSpec says
};

using KernelSpec =
    std::variant<ConvSpec, DepthwiseConvSpec, NarrowConvSpec, TransposedConvSpec, PhasedConvSpec, PoolSpec,
                 GlobalPoolSpec, ResizeSpec, ElementwiseSpec, CopySpec, PackSpec, UnpackSpec, AreaSpec, UnpackAreaSpec,
                 FillSpec, PadSpec, DepthToSpaceSpec, SoftmaxSpec, ArgmaxSpec, InstanceNormSpec, CastSpec,
                 WinogradWeightsSpec, WinogradFetchSpec, WinogradInputSpec, BatchedGemmSpec, WinogradOutputSpec>;

// What measuring has found best for a kernel: decisions of its schedule (Layout in schedules/layout.h) among those
// that are legal there (Space). What is left open the schedule decides itself.
struct Tuning {
    static constexpr int open = -1;
    int tile_x = open, tile_blocks = open, depth = open, blocks_outer = open, unroll = open;

    bool operator==(const Tuning&) const = default;
};

// The sizes a kernel will mostly see, by which a schedule chooses its tile; 0 is unknown. Never changes results'
// validity.
struct SizeHint {
    int width = 0, height = 0, channels_in = 0, channels_out = 0;
    Tuning tuning = {};
};

std::string_view name_of(ElementType type);  // f32, i64, bool …

// A C identifier that spells the whole spec: conv_f32_c16_k3x3_s1x1_relu.
std::string name_of(const KernelSpec&);

}  // namespace atrous
