// A row of outputs cut into pieces whose kernels leave out the taps that would read nothing but padding. No Halide in
// here.
#pragma once

#include <vector>

namespace atrous {

// One axis of a convolution: output o reads input o·stride + k·dilation − pad for each tap k.
struct ConvAxis {
    int out = 1, in = 1, taps = 1, stride = 1, dilation = 1, pad = 0;
};

// Output columns [begin, end), for which the taps from first_tap on suffice: all others read padding.
struct ConvColumns {
    int begin = 0, end = 0, first_tap = 0, taps = 1;
};

// A row of outputs cut where that saves much, from left to right; each piece is a convolution of fewer taps. One piece
// where it does not pay. (Rows need no such cut: the kernel leaves out those taps by itself.)
std::vector<ConvColumns> split_columns(const ConvAxis& x);

// The share of products that remains when taps in the padding are left out, along x as split_columns() does.
double direct_share(const ConvAxis& x, const ConvAxis& y);

}  // namespace atrous
