// The sizes of convolutions' outputs, as tables.
#include <catch2/catch.hpp>

#include "generators/dilated_conv.h"
#include "generators/dilated_conv_stack.h"
#include "generators/transposed_conv.h"

using namespace atrous;

TEST_CASE("a convolution's size") {
    struct Row {
        int in, kernel, stride, dilation, pad_begin, pad_end, out;
    };
    const Row rows[] = {
        {5, 1, 1, 1, 0, 0, 5},                             // pointwise
        {5, 3, 1, 1, 0, 0, 3},                             // valid
        {5, 3, 1, 1, 1, 1, 5},                             // same
        {5, 3, 1, 2, 0, 0, 1},                             // the kernel's reach is the image
        {4, 3, 1, 2, 0, 0, 0},                             // and beyond: nothing
        {1, 3, 1, 6, 6, 6, 1},                             // one pixel, all the rest is padding
        {5, 3, 2, 1, 1, 1, 3},                             // strides round down …
        {6, 3, 2, 1, 1, 1, 3},                             // …
        {6, 3, 2, 1, 1, 2, 4},                             // … and the padding at one end can save the last output
        {224, 7, 2, 1, 3, 3, 112},                         // a usual first layer
        {320, 3, 1, 8, 8, 8, 320}, {7, 2, 1, 1, 0, 1, 7},  // even kernels need asymmetric padding to stay the same
        {7, 4, 3, 2, 1, 0, 1},
    };
    for (const Row& r : rows) {
        CAPTURE(r.in, r.kernel, r.stride, r.dilation, r.pad_begin, r.pad_end);
        CHECK(conv_size(r.in, r.kernel, r.stride, r.dilation, r.pad_begin, r.pad_end) == r.out);
    }
}

TEST_CASE("same padding keeps the size at every rate") {
    for (int kernel : {1, 3, 5, 7}) {
        for (int rate = 1; rate <= 40; rate++) {
            for (int in : {1, 2, 7, 20, 33, 320}) {
                CAPTURE(kernel, rate, in);
                int pad = same_padding(kernel, rate);
                CHECK(conv_size(in, kernel, 1, rate, pad, pad) == in);
            }
        }
    }
}

TEST_CASE("a transposed convolution's size") {
    struct Row {
        int in, kernel, stride, dilation, pad_begin, pad_end, output_padding, out;
    };
    const Row rows[] = {
        {5, 1, 1, 1, 0, 0, 0, 5},   // nothing changes
        {5, 3, 1, 1, 1, 1, 0, 5},   //
        {5, 2, 2, 1, 0, 0, 0, 10},  // doubled
        {5, 4, 2, 1, 1, 1, 0, 10},  //
        {5, 3, 2, 1, 1, 1, 0, 9},   // (5 − 1)·2 + 3 − 2
        {5, 3, 2, 1, 1, 1, 1, 10},  // output padding makes it even
        {5, 3, 2, 1, 0, 0, 0, 11},  //
        {5, 3, 3, 2, 0, 0, 0, 17},  // a dilated kernel reaches further
        {5, 3, 3, 2, 2, 1, 2, 16},  // asymmetric
        {1, 16, 8, 1, 4, 4, 0, 8},  // FCN's last layer on one pixel
        {40, 16, 8, 1, 4, 4, 0, 320},
    };
    for (const Row& r : rows) {
        CAPTURE(r.in, r.kernel, r.stride, r.dilation, r.pad_begin, r.pad_end, r.output_padding);
        CHECK(transposed_conv_size(r.in, r.kernel, r.stride, r.dilation, r.pad_begin, r.pad_end, r.output_padding) ==
              r.out);
        // Without dilation and output padding: (in − 1)·s + k − 2p.
        if (r.dilation == 1 && r.output_padding == 0 && r.pad_begin == r.pad_end) {
            CHECK(r.out == (r.in - 1) * r.stride + r.kernel - 2 * r.pad_begin);
        }
    }
}

TEST_CASE("a transposed convolution undoes the size of a convolution") {
    for (int kernel : {1, 2, 3, 4, 5}) {
        for (int stride : {1, 2, 3}) {
            for (int dilation : {1, 2, 3}) {
                for (int in : {13, 20, 33}) {
                    CAPTURE(kernel, stride, dilation, in);
                    int64_t small = conv_size(in, kernel, stride, dilation, 1, 0);
                    int64_t lost = (in + 1 - (dilation * (kernel - 1) + 1)) % stride;
                    CHECK(transposed_conv_size(small, kernel, stride, dilation, 1, 0, lost) == in);
                }
            }
        }
    }
}
