#include "schedules/conv_columns.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "schedules/algorithm.h"

namespace atrous {

namespace {

constexpr int most_split_taps = 32;     // a model may ask for a million: not worth the search below
constexpr int longest_split_row = 512;  // beyond, the padding is a small part
constexpr int shortest_piece = 5;       // less than the smallest register tile that keeps the multipliers busy
constexpr double least_saving = 0.15;   // for which a layer is cut: every piece is a kernel more to compile

bool is_inside(const ConvAxis& a, int output, int tap) {
    const int64_t input = int64_t{output} * a.stride + int64_t{tap} * a.dilation - a.pad;
    return input >= 0 && input < a.in;
}

// The columns with the taps they need, at least one.
ConvColumns columns(const ConvAxis& x, int begin, int end) {
    int first = x.taps, last = -1;
    for (int tap = 0; tap < x.taps; ++tap)
        for (int output = begin; output < end; ++output)
            if (is_inside(x, output, tap)) {
                first = std::min(first, tap);
                last = tap;
                break;
            }
    if (last < 0) first = last = 0;
    return {begin, end, first, last - first + 1};
}

int cost_of(const ConvColumns& columns) {
    return covered(columns.end - columns.begin, {}) * columns.taps;
}

}  // namespace

std::vector<ConvColumns> split_columns(const ConvAxis& x) {
    const ConvColumns whole{0, x.out, 0, x.taps};
    if (x.taps < 2 || x.taps > most_split_taps) return {whole};
    if (x.out < 2 * shortest_piece || x.out > longest_split_row) return {whole};
    // Where the set of taps that are inside changes, and a piece's least width to both sides of that.
    std::vector<int> cuts{0, x.out};
    for (int output = 1; output < x.out; ++output) {
        bool changes = false;
        for (int tap = 0; tap < x.taps; ++tap) changes |= is_inside(x, output, tap) != is_inside(x, output - 1, tap);
        if (changes)
            for (int cut : {output - shortest_piece, output, output + shortest_piece})
                if (cut >= shortest_piece && cut <= x.out - shortest_piece) cuts.push_back(cut);
    }
    std::ranges::sort(cuts);
    cuts.erase(std::ranges::unique(cuts).begin(), cuts.end());
    if (cuts.size() > 64) return {whole};

    // The cheapest way to reach each cut.
    struct Way {
        int cost = std::numeric_limits<int>::max();
        size_t from = 0;
        ConvColumns piece;
    };
    std::vector<Way> best(cuts.size());
    best[0].cost = 0;
    for (size_t to = 1; to < cuts.size(); ++to)
        for (size_t from = 0; from < to; ++from) {
            if (cuts[to] - cuts[from] < shortest_piece || best[from].cost == std::numeric_limits<int>::max()) continue;
            const ConvColumns piece = columns(x, cuts[from], cuts[to]);
            const int cost = best[from].cost + cost_of(piece) + cost_of(whole) / 20;  // a call has a cost of its own
            if (cost < best[to].cost) best[to] = {cost, from, piece};
        }
    if (best.back().cost > (1 - least_saving) * 1.05 * cost_of(whole)) return {whole};
    std::vector<ConvColumns> pieces;
    for (size_t at = cuts.size() - 1; at > 0; at = best[at].from) pieces.push_back(best[at].piece);
    std::ranges::reverse(pieces);
    return pieces;
}

double direct_share(const ConvAxis& x, const ConvAxis& y) {
    if (x.out < 1 || y.out < 1) return 1;
    double columns = 0, rows = 0;
    for (const ConvColumns& piece : split_columns(x)) columns += double(piece.end - piece.begin) * piece.taps;
    for (int tap = 0; tap < y.taps; ++tap) {
        // Outputs with 0 <= o·stride + tap·dilation − pad < in.
        const int64_t at = int64_t{tap} * y.dilation - y.pad;
        const int64_t begin = at >= 0 ? 0 : (-at + y.stride - 1) / y.stride;
        const int64_t end = y.in - at <= 0 ? 0 : (y.in - at + y.stride - 1) / y.stride;
        rows +=
            static_cast<double>(std::max<int64_t>(0, std::min<int64_t>(end, y.out) - std::min<int64_t>(begin, end)));
    }
    return columns / x.out / x.taps * rows / y.out / y.taps;
}

}  // namespace atrous
