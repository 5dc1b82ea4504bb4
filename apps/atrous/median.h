// The middle of several measurements.
#pragma once

#include <algorithm>
#include <vector>

namespace atrous {

// Of an even number of them, the larger one of the middle two.
inline double median(std::vector<double> numbers) {
    const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
    std::nth_element(numbers.begin(), middle, numbers.end());
    return *middle;
}

}  // namespace atrous
