#include "compiler/dilation/path_counts.h"

#include <algorithm>

#include "runtime/error.h"

namespace atrous::dilation {

PathCounts PathCounts::ones(int64_t y, int64_t x, int64_t height, int64_t width) {
    return {y, x, height, width, std::vector<Count>(static_cast<size_t>(height * width), 1)};
}

int64_t PathCounts::covered() const {
    return std::count_if(numbers.begin(), numbers.end(), [](Count count) { return count > 0; });
}

Count PathCounts::highest() const {
    return empty() ? 0 : *std::max_element(numbers.begin(), numbers.end());
}

double PathCounts::evenness() const {
    const Count most = highest();  // squares of the counts themselves could overflow
    if (most == 0) return 0;
    Count sum = 0, squares = 0;
    for (const Count count : numbers) {
        sum += count / most;
        squares += (count / most) * (count / most);
    }
    return static_cast<double>(sum * sum / (static_cast<Count>(area()) * squares));
}

void PathCounts::add(const PathCounts& other) {
    if (other.empty()) return;
    if (empty()) {
        *this = other;
        return;
    }
    const int64_t top = std::min(y, other.y), left = std::min(x, other.x);
    const int64_t bottom = std::max(y + height, other.y + other.height);
    const int64_t right = std::max(x + width, other.x + other.width);
    PathCounts sum{top, left, bottom - top, right - left, {}};
    sum.numbers.resize(static_cast<size_t>(sum.area()));
    for (const PathCounts* part : {static_cast<const PathCounts*>(this), &other}) {
        for (int64_t row = 0; row < part->height; ++row) {
            Count* to = &sum.numbers[static_cast<size_t>((part->y + row - top) * sum.width + part->x - left)];
            for (int64_t column = 0; column < part->width; ++column) to[column] += part->at(row, column);
        }
    }
    *this = std::move(sum);
}

PathCounts PathCounts::trimmed() const {
    int64_t top = height, bottom = -1, left = width, right = -1;
    for (int64_t row = 0; row < height; ++row) {
        for (int64_t column = 0; column < width; ++column) {
            if (at(row, column) == 0) continue;
            top = std::min(top, row), bottom = std::max(bottom, row);
            left = std::min(left, column), right = std::max(right, column);
        }
    }
    if (bottom < 0) return {};
    PathCounts part{y + top, x + left, bottom - top + 1, right - left + 1, {}};
    part.numbers.reserve(static_cast<size_t>(part.area()));
    for (int64_t row = top; row <= bottom; ++row) {
        const auto first = numbers.begin() + row * width;
        part.numbers.insert(part.numbers.end(), first + left, first + right + 1);
    }
    return part;
}

namespace {

void check_area(int64_t height, int64_t width, int64_t most) {
    if (height == 0 || width <= most / height) return;
    throw Error("receptive field",
                "has " + std::to_string(height) + "x" + std::to_string(width) + " positions, at most " +
                    std::to_string(most) + " can be mapped",
                "use smaller rates, fewer layers or a smaller --size");
}

PathCounts along_y(const PathCounts& from, const AxisTaps& taps, int64_t most) {
    PathCounts to{taps.lowest, from.x, taps.highest - taps.lowest + 1, from.width, {}};
    check_area(to.height, to.width, most);
    to.numbers.resize(static_cast<size_t>(to.area()));
    for (int64_t row = 0; row < from.height; ++row) {
        const Count* source = &from.numbers[static_cast<size_t>(row * from.width)];
        for (int64_t t = taps.begin[static_cast<size_t>(row)]; t < taps.begin[static_cast<size_t>(row) + 1]; ++t) {
            const int64_t target = taps.input[static_cast<size_t>(t)] - taps.lowest;
            Count* sum = &to.numbers[static_cast<size_t>(target * to.width)];
            for (int64_t column = 0; column < from.width; ++column) sum[column] += source[column];
        }
    }
    return to;
}

PathCounts along_x(const PathCounts& from, const AxisTaps& taps, int64_t most) {
    PathCounts to{from.y, taps.lowest, from.height, taps.highest - taps.lowest + 1, {}};
    check_area(to.height, to.width, most);
    to.numbers.resize(static_cast<size_t>(to.area()));
    for (int64_t row = 0; row < from.height; ++row) {
        Count* sums = &to.numbers[static_cast<size_t>(row * to.width)];
        for (int64_t column = 0; column < from.width; ++column) {
            const Count count = from.at(row, column);
            if (count == 0) continue;
            const size_t first = static_cast<size_t>(taps.begin[static_cast<size_t>(column)]);
            const size_t end = static_cast<size_t>(taps.begin[static_cast<size_t>(column) + 1]);
            for (size_t t = first; t < end; ++t) sums[taps.input[t] - taps.lowest] += count;
        }
    }
    return to;
}

}  // namespace

PathCounts through(const PathCounts& output, const AxisReads& y, const AxisReads& x, Borders borders, int64_t most) {
    PathCounts counts = output;
    if (!counts.empty() && !y.is_identity()) {
        counts = along_y(counts, taps_of(y, counts.y, counts.height, borders), most);
    }
    if (!counts.empty() && !x.is_identity()) {
        counts = along_x(counts, taps_of(x, counts.x, counts.width, borders), most);
    }
    return counts;
}

}  // namespace atrous::dilation
