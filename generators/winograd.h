// Convolution of stride 1 by minimal filtering F(m, k): m outputs of a k-tap filter from m + k − 1 products (Winograd,
// "Arithmetic Complexity of Computations", 1980; Lavin and Gray, arXiv 1509.09308), along each axis:
//   Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A
// A dilation by r is r dense convolutions an axis, each on every r-th pixel. A tile therefore is the pixels x, x + r,
// …, and the tiles of an axis are counted phase by phase within chunks of m·r pixels: tile X begins at (X / r)·m·r + X
// mod r, X = 0 … tiles_of(width) − 1. No phase needs a view or a loop of its own, and groups of tiles are rectangles at
// any rate.
//
// Four stages, each a kernel: filters → U, pixels → V, one matrix product per element of the tile (M = U·V), M →
// pixels. They are called for one group of tiles after the other, whose V and M stay in cache; or, where the filters
// are the larger part, for one group of output channels after the other, whose U and M do.
#pragma once

#include "generators/kernel_spec.h"
#include "generators/tensor.h"
#include "generators/winograd_matrices.h"

namespace atrous {

// Which tiles a call works on: a rectangle of them, the `index`-th of count_x · count_y in an image, image after image;
// and the same rectangle in the images that follow, as many as the domain has.
struct TileGroup {
    Halide::Expr index, count_x, count_y, tiles_x, tiles_y;
    Halide::Expr dilation_x, dilation_y;
};

struct WinogradWeights {
    Halide::Func rows, output;  // along x, then along y: (c, k, cb, ex, ey)
    Halide::Parameter source;   // of the filters
    Halide::Var c{"c"}, k{"k"}, cb{"cb"}, ex{"ex"}, ey{"ey"}, ky{"ky"};
};
WinogradWeights winograd_weights(const WinogradWeightsSpec& spec, const Halide::ImageParam& weights);

struct WinogradFetches {
    Halide::Func input;  // (c, x, y, cb, n)
    TileGroup group;
    Halide::Expr outputs_x, outputs_y, size_x, size_y;  // of a tile
    Halide::Expr pad_left, pad_top, last_x, last_y, blocks;
};
struct WinogradFetch {
    Halide::Func largest, output;  // (c); of the first, update 0 reads the area
    Halide::RDom area;             // (x, y, cb)
    Halide::Var c{"c"};
};
WinogradFetch winograd_fetch(const WinogradFetches& in);

struct WinogradInputs {
    Halide::Func input;  // (c, x, y, cb, n)
    TileGroup group;
    Halide::Expr pad_left, pad_top, last_x, last_y;
    Halide::Expr tiles, panel_tiles, first_panel;  // in all; in a panel; the output's first
};
struct WinogradInput {
    Halide::Func rows, output;  // along x, then along y: (c, p, panel, cb, ex, ey)
    Halide::Var c{"c"}, p{"p"}, panel{"panel"}, cb{"cb"}, ex{"ex"}, ey{"ey"};
};
WinogradInput winograd_input(const WinogradInputSpec& spec, const WinogradInputs& in);

struct BatchedGemm {
    Halide::Func sum;          // (c, p, panel, cb, e); update 0: += products, or parts
    Halide::Func output;       // (c, e, p, panel, cb)
    Halide::Func pixels;       // the input, (lane, p, block, panel, e); inlined unless scheduled
    Halide::Parameter source;  // of the input
    Halide::RDom k;            // (lane, block)
    Halide::Func part;         // where the sum is made in parts: of some blocks each, (c, p, panel, cb, e, part) …
    Halide::RDom parts;        // … and their numbers; k is the part's
    Halide::Func products() const { return part.defined() ? part : sum; }  // what update 0 adds products to, over k
    Halide::Var c{"c"}, p{"p"}, panel{"panel"}, cb{"cb"}, e{"e"};
};
BatchedGemm batched_gemm(const BatchedGemmSpec& spec, const Halide::ImageParam& weights,
                         const Halide::ImageParam& input);

struct WinogradOutputs {
    Halide::Func products, bias, slope, residual;
    TileGroup group;
    Halide::Expr images, width, height, alpha, beta;
};
struct WinogradOutput {
    Halide::Func rows, tile;  // along x: (c, tx, ty, cb, ox, ey, n), then along y: (c, tx, ty, cb, ox, oy, n)
    Halide::Func output;      // update 0 writes the pixels that exist
    Halide::RDom pixels;      // (oy, ox, tx, ty, n)
    Halide::Var c{"c"}, cb{"cb"}, ox{"ox"}, oy{"oy"}, ey{"ey"}, tx{"tx"}, ty{"ty"}, n{"n"};
};
WinogradOutput winograd_output(const WinogradOutputSpec& spec, const WinogradOutputs& in);

}  // namespace atrous
