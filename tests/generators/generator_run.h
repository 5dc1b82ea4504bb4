// Runs a registered generator: builds it with GeneratorParams, compiles it in this process, gives it its inputs by
// name.
#pragma once

#include <map>
#include <random>
#include <string>

#include "Halide.h"

namespace atrous {

struct GeneratorRun {
    std::map<std::string, std::string> params;
    std::map<std::string, Halide::Buffer<float>> buffers;
    std::map<std::string, int> ints;
    std::map<std::string, float> floats;
    std::vector<int> output;  // extents, or a part of the result: its minima are `output_min`
    std::vector<int> output_min = {};
};

// Every input has to be given, and nothing else may be. Throws std::runtime_error with Halide's message.
Halide::Buffer<> run(const std::string& generator, const GeneratorRun& arguments);

// Floats in [−1, 1].
Halide::Buffer<float> random_buffer(std::vector<int> extents, unsigned seed);

// "" when equal to within `tolerance` (and equal as integers), else where they differ.
std::string difference(const Halide::Buffer<>& expected, const Halide::Buffer<>& actual, double tolerance = 1e-4);

}  // namespace atrous
