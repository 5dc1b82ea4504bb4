// The matrices of minimal filtering F(m, k), by interpolation (Cook-Toom) at m + k − 2 points and at ∞: for filters g
// and data d, Aᵀ [(G g) ⊙ (Bᵀ d)] are the m outputs Σ g(i) d(j + i). Which points, decides the error (Barabasz,
// Anderson, Soodhalter and Gregg, "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural
// Networks", 2020). No Halide in here.
#pragma once

#include <vector>

namespace atrous {

struct WinogradMatrices {
    std::vector<std::vector<double>> output;  // Aᵀ, m × (m + k − 1)
    std::vector<std::vector<double>> filter;  // G, (m + k − 1) × k
    std::vector<std::vector<double>> input;   // Bᵀ, (m + k − 1) × (m + k − 1)
};

// m + k − 1 is at most 10; F(1, 1) is all ones.
WinogradMatrices winograd_matrices(int outputs, int taps);

}  // namespace atrous
