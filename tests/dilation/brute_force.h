// What receptive fields are compared with: impulses pushed through networks that are computed in double precision, with
// all weights one. What comes out at a position is the number of paths from the impulse to it.
#pragma once

#include <vector>

#include "compiler/dilation/chain.h"
#include "compiler/dilation/path_counts.h"
#include "compiler/ir.h"
#include "tests/reference/network.h"

namespace atrous::test {

// A network's first output for an impulse at each pixel of its input, which has one channel.
class Impulses {
  public:
    Impulses(const Network& network, int64_t height, int64_t width) {
        reference::Array input{{1, 1, height, width}, std::vector<double>(static_cast<size_t>(height * width))};
        for (double& pixel : input.numbers) {
            pixel = 1;
            responses_.push_back(reference::evaluate_network(network, {input})[0]);
            pixel = 0;
        }
    }
    // Paths from each input pixel to output pixel (y, x), row-major, as large as the input.
    std::vector<double> paths_to(int64_t y, int64_t x) const {
        std::vector<double> paths;
        for (const reference::Array& response : responses_)
            paths.push_back(response.numbers[static_cast<size_t>(y * response.shape[3] + x)]);
        return paths;
    }

  private:
    std::vector<reference::Array> responses_;
};

// The same of a map, clipped to the picture.
inline std::vector<double> paths_in(const dilation::PathCounts& counts, int64_t height, int64_t width) {
    std::vector<double> paths(static_cast<size_t>(height * width));
    for (int64_t row = 0; row < counts.height; ++row) {
        for (int64_t column = 0; column < counts.width; ++column) {
            const int64_t y = counts.y + row, x = counts.x + column;
            if (y >= 0 && y < height && x >= 0 && x < width)
                paths[static_cast<size_t>(y * width + x)] = static_cast<double>(counts.at(row, column));
        }
    }
    return paths;
}

// A chain along one axis on a signal that has room for its whole field: paths to the last output from each input.
inline std::vector<double> chain_paths(const dilation::Chain& chain) {
    int64_t field = 1;
    for (auto layer = chain.rbegin(); layer != chain.rend(); ++layer)
        field = (field - 1) * layer->stride + (layer->kernel - 1) * layer->rate + 1;
    std::vector<double> paths;
    for (int64_t impulse = 0; impulse < field; ++impulse) {
        std::vector<double> signal(static_cast<size_t>(field));
        signal[static_cast<size_t>(impulse)] = 1;
        for (const dilation::ChainLayer& layer : chain) {
            const int64_t reach = (layer.kernel - 1) * layer.rate + 1;
            std::vector<double> next;
            for (int64_t o = 0; o * layer.stride + reach <= static_cast<int64_t>(signal.size()); ++o) {
                double sum = 0;
                for (int64_t k = 0; k < layer.kernel; ++k)
                    sum += signal[static_cast<size_t>(o * layer.stride + k * layer.rate)];
                next.push_back(sum);
            }
            signal = next;
        }
        paths.push_back(signal.at(0));
    }
    return paths;
}

}  // namespace atrous::test
