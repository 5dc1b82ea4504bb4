// A convolution of a network as a model of its own, to be compiled and timed by itself.
#pragma once

#include <optional>
#include <string>

#include "compiler/dilation/network_reads.h"

namespace atrous::dilation {

struct ConvolutionSpec {
    int64_t channels_in = 1, channels_out = 1, groups = 1;
    Pair in{1, 1}, out{1, 1};  // height, width
    Pair kernel{1, 1}, stride{1, 1}, rate{1, 1}, pad_begin{0, 0}, pad_end{0, 0};
    bool operator<(const ConvolutionSpec& other) const;
    bool is_dilated() const { return (kernel[0] > 1 && rate[0] > 1) || (kernel[1] > 1 && rate[1] > 1); }
};

// nullopt for what is no convolution of known channels.
std::optional<ConvolutionSpec> convolution_of(const Network& network, const ReadGraph& graph, const Node& node);

// The same work at rate 1: as many taps, and a result as large, from an input padded or cut as that takes.
ConvolutionSpec dense_twin(const ConvolutionSpec& spec);

// ONNX bytes: input x, random weights, bias, output y.
std::string convolution_model(const ConvolutionSpec& spec);

}  // namespace atrous::dilation
