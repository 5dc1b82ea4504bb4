#include "generators/winograd_matrices.h"

#include <algorithm>
#include <cstddef>

namespace atrous {

namespace {

// Finite points of F(m, k) with m + k − 1 elements. Pairs of opposite ones stand side by side, so that transforms share
// sums. Those of 9 and 10 elements have the least error of all fractions of a few bits that were tried (normal filters
// and data): with 9, a quarter of what the seven below and ¼ or 4 have.
std::vector<double> points_of(size_t size) {
    if (size == 9) return {0.25, -0.25, 0.625, -0.625, 1.125, -1.125, 2.25, -2.25};
    if (size == 10) return {0, 0.4375, -0.4375, 0.75, -0.75, 1.25, -1.25, 2.25, -2.25};
    const std::vector<double> points{0, 1, -1, 2, -2, 0.5, -0.5};
    return {points.begin(), points.begin() + static_cast<std::ptrdiff_t>(size) - 1};
}

// Coefficients of Π (x − points[l]), l ≠ left_out, lowest power first.
std::vector<double> polynomial(const std::vector<double>& points, size_t left_out, size_t size) {
    std::vector<double> coefficients(size, 0.0);
    coefficients[0] = 1;
    for (size_t l = 0; l < points.size(); l++) {
        if (l == left_out) continue;
        for (size_t i = size; i-- > 0;)
            coefficients[i] = (i > 0 ? coefficients[i - 1] : 0.0) - points[l] * coefficients[i];
    }
    return coefficients;
}

}  // namespace

WinogradMatrices winograd_matrices(int outputs, int taps) {
    const size_t size = static_cast<size_t>(outputs + taps - 1);
    const std::vector<double> points = points_of(size);  // and infinity
    WinogradMatrices m;
    m.output.assign(static_cast<size_t>(outputs), std::vector<double>(size, 0.0));
    for (size_t j = 0; j < size; j++) {
        bool infinite = j == points.size();
        double norm = 1;
        for (size_t l = 0; !infinite && l < points.size(); l++)
            if (l != j) norm *= points[j] - points[l];
        std::vector<double> filter(static_cast<size_t>(taps), 0.0);
        double power = 1;
        for (size_t i = 0; i < std::max(filter.size(), m.output.size()); i++) {
            if (i < filter.size()) filter[i] = infinite ? i + 1 == filter.size() : power / norm;
            if (i < m.output.size()) m.output[i][j] = infinite ? i + 1 == m.output.size() : power;
            if (!infinite) power *= points[j];
        }
        m.filter.push_back(filter);
        m.input.push_back(polynomial(points, infinite ? points.size() : j, size));
    }
    return m;
}

}  // namespace atrous
