// Transposed convolution by phases equals the definition: along one axis, every small kernel, stride, padding, dilation
// and output padding.
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "compiler/phases.h"
#include "compiler/repack.h"

namespace atrous {
namespace {

std::vector<double> scattered(const std::vector<float>& x, const std::vector<float>& taps, const TransposedConvOp& op,
                              int64_t length) {
    std::vector<double> out(static_cast<size_t>(length));
    for (int64_t i = 0; i < static_cast<int64_t>(x.size()); ++i)
        for (int64_t k = 0; k < op.kernel[1]; ++k) {
            const int64_t o = i * op.stride[1] + k * op.dilation[1] - op.pad_begin[1];
            if (o >= 0 && o < length)
                out[static_cast<size_t>(o)] += x[static_cast<size_t>(i)] * taps[static_cast<size_t>(k)];
        }
    return out;
}

std::vector<double> by_phases(const std::vector<float>& x, const std::vector<float>& taps, const TransposedConvOp& op,
                              int64_t length) {
    std::vector<double> out(static_cast<size_t>(length));
    for (int64_t p = 0; p < op.stride[1]; ++p) {
        const Phase phase = phase_of(op, 1, p);
        const int64_t count = phase_extent(Size(length), op.stride[1], p).integer().value();
        std::vector<float> dense;
        if (phase.taps > 0)
            dense =
                phase_weights(taps, 1, 1, 1, 1, op.kernel[1], {1, 0, 1}, {phase.taps, phase.first, phase.step}).numbers;
        for (int64_t j = 0; j < count; ++j)
            for (int64_t t = 0; t < phase.taps; ++t) {
                const int64_t i = j + t * phase.dilation - phase.pad_begin;
                if (i >= 0 && i < static_cast<int64_t>(x.size()))
                    out.at(static_cast<size_t>(p + op.stride[1] * j)) +=
                        x[static_cast<size_t>(i)] * dense[static_cast<size_t>(t)];
            }
    }
    return out;
}

TEST_CASE("a transposed convolution's phases together are the whole") {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> number(-1, 1);
    int cases = 0;
    for (int64_t kernel = 1; kernel <= 5; ++kernel)
        for (int64_t stride = 1; stride <= 4; ++stride)
            for (int64_t dilation = 1; dilation <= 4; ++dilation)
                for (int64_t pad = 0; pad <= 4; ++pad)
                    for (int64_t extra = 0; extra < std::max(stride, dilation); ++extra)
                        for (int64_t length_in : {1, 2, 5}) {
                            TransposedConvOp op;
                            op.kernel = {1, kernel};
                            op.stride = {1, stride};
                            op.dilation = {1, dilation};
                            op.pad_begin = {0, pad};
                            const int64_t length =
                                (length_in - 1) * stride - 2 * pad + dilation * (kernel - 1) + extra + 1;
                            if (length < 1) continue;
                            std::vector<float> x(static_cast<size_t>(length_in)), taps(static_cast<size_t>(kernel));
                            for (float& v : x) v = number(random);
                            for (float& v : taps) v = number(random);
                            const auto expected = scattered(x, taps, op, length), got = by_phases(x, taps, op, length);
                            bool equal = true;
                            for (size_t i = 0; i < got.size(); ++i)
                                equal = equal && std::abs(expected[i] - got[i]) < 1e-6;
                            INFO("kernel " << kernel << " stride " << stride << " dilation " << dilation << " pad "
                                           << pad << " extra " << extra << " length " << length_in);
                            REQUIRE(equal);
                            ++cases;
                        }
    REQUIRE(cases > 2000);
}

// Derived by hand: kernel 3, stride 2, padding 1. Even outputs see the middle tap alone, odd ones the outer two.
TEST_CASE("the phases of the usual upsampling") {
    TransposedConvOp op;
    op.kernel = {3, 3};
    op.stride = {2, 2};
    op.pad_begin = {1, 1};
    const Phase even = phase_of(op, 1, 0), odd = phase_of(op, 1, 1);
    REQUIRE(even.taps == 1);
    REQUIRE(even.first == 1);
    REQUIRE(even.pad_begin == 0);
    REQUIRE(odd.taps == 2);
    REQUIRE(odd.first == 0);
    REQUIRE(odd.step == 2);
    REQUIRE(odd.pad_begin == 0);
    REQUIRE(odd.dilation == 1);
}

TEST_CASE("a phase that no tap reaches has none") {
    TransposedConvOp op;
    op.kernel = {1, 2};
    op.stride = {1, 4};
    op.dilation = {1, 2};
    REQUIRE(phase_of(op, 1, 0).taps == 1);
    REQUIRE(phase_of(op, 1, 1).taps == 0);
    REQUIRE(phase_of(op, 1, 2).taps == 1);
    REQUIRE(phase_of(op, 1, 3).taps == 0);
}

}  // namespace
}  // namespace atrous
