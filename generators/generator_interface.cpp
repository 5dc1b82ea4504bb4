#include "generators/generator_interface.h"

#include <charconv>

namespace atrous {

std::vector<int> parse_rates(const std::string& text) {
    std::vector<int> rates;
    const char* at = text.data();
    const char* end = at + text.size();
    while (true) {
        int rate = 0;
        auto [next, error] = std::from_chars(at, end, rate);
        bool whole = error == std::errc() && rate >= 1 && (next == end || *next == ',');
        _halide_user_assert(whole) << "rates=" << text
                                   << ": dilation rates are positive whole numbers with commas between them; "
                                      "give a list like 1,2,5\n";
        rates.push_back(rate);
        if (next == end) return rates;
        at = next + 1;
    }
}

}  // namespace atrous
