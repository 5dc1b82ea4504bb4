#include "generators/winograd_matrices.h"

#include <algorithm>
#include <cstddef>

namespace atrous {

namespace {

constexpr double points_in_order[] = {0, 1, -1, 2, -2, 0.5, -0.5};

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
    const std::vector<double> points(points_in_order, points_in_order + size - 1);  // and infinity
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
