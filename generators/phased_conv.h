// Transposed convolution of dilation 1, planar, all phases of a row at once (generators/transposed_conv.h has the
// phases). A vector holds one output of each of several neighbouring input pixels; an input pixel's outputs lie side by
// side, so that the vectors of its phases are interleaved and written as whole lines.
#pragma once

#include "generators/dilated_conv.h"

namespace atrous {

// Phase φ of an axis: output stride·j + φ takes taps first + t·stride from inputs j + shift − t, t = 0, 1, …
struct PhasedAxis {
    int kernel = 1, stride = 1, pad = 0;

    int taps() const { return (kernel + stride - 1) / stride; }  // of a phase, at most
    Halide::Expr tap(const Halide::Expr& phase, const Halide::Expr& t) const {
        return (phase + pad) % stride + t * stride;
    }
    Halide::Expr source(const Halide::Expr& phase, const Halide::Expr& t) const {  // relative to j
        return (phase + pad) / stride - t;
    }
};

struct PhasedConvInputs {
    Halide::Func input;                  // planar (x, y, c, n), zeros around it
    Halide::Expr channels;               // of the input
    Halide::Func weights;                // (co, kx, ci, ky, cob)
    Halide::Func bias, slope, residual;  // the last as output
    Halide::Expr alpha = 0.f, beta = 0.f;
};

struct PhasedConv {
    Halide::Func sum;     // (x, u, v, y, co, n): bias, then (update 0) the products
    Halide::Func output;  // (u, x, v, y, co, n)
    Halide::RDom terms;   // (tap x, ci, tap y)
    Halide::Var u{"u"}, x{"x"}, v{"v"}, y{"y"}, co{"co"}, n{"n"};
};

PhasedConv phased_conv(const PhasedConvSpec& spec, const PhasedConvInputs& in);

}  // namespace atrous
