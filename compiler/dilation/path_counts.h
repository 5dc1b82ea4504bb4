// How many paths lead from an output to each input position: a map that holds the set of positions that are read (those
// with a count above zero) and how much each contributes, were all weights one.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/dilation/axis_reads.h"

namespace atrous::dilation {

// Whole numbers. x87's long double is exact up to 2^64 and ends at 10^4932; 3×3 kernels alone go beyond double's range
// after 323 layers.
using Count = long double;

// Positions [y, y + height) × [x, x + width), row-major; all others have no path.
struct PathCounts {
    int64_t y = 0, x = 0, height = 0, width = 0;
    std::vector<Count> numbers;

    static PathCounts ones(int64_t y, int64_t x, int64_t height, int64_t width);  // a path to each of these positions
    bool empty() const { return numbers.empty(); }
    Count at(int64_t row, int64_t column) const { return numbers[static_cast<size_t>(row * width + column)]; }
    int64_t covered() const;  // positions that are read
    int64_t area() const { return height * width; }
    Count highest() const;
    // (Σc)² / (area · Σc²): 1 where every position of the field contributes alike, and the less the fewer positions
    // carry the result.
    double evenness() const;
    void add(const PathCounts& other);  // the field grows to hold both
    PathCounts trimmed() const;         // without rows and columns at the edge that no path leads to
};

// From counts over an operator's output to those over its input. Throws Error where the field would have more than
// `most` positions.
PathCounts through(const PathCounts& output, const AxisReads& y, const AxisReads& x, Borders borders, int64_t most);

}  // namespace atrous::dilation
