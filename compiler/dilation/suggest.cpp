#include "compiler/dilation/suggest.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "runtime/error.h"

namespace atrous::dilation {

namespace {

constexpr int64_t widest_field = 65535;  // evenness needs the field's counts
constexpr size_t most_sets = 200000;
constexpr double most_work = 1.5e9;  // additions for the evenness of all of them, below a few seconds

// Rates in ascending order: coverage, field and evenness do not depend on the order of the layers.
struct RateSet {
    std::vector<int64_t> rates;
    double evenness = 1;
    std::vector<int64_t> sawtooth;  // the one order that is a sawtooth, if there is one
    double teeth = 0;
};

// The order v1 < … < vp, again and again, if all values come equally often, or the first of them once more.
std::vector<int64_t> sawtooth_order(const std::vector<int64_t>& sorted) {
    std::vector<int64_t> values = sorted, order;
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (size_t i = 0; i < sorted.size(); ++i) order.push_back(values[i % values.size()]);
    std::vector<int64_t> check = order;
    std::sort(check.begin(), check.end());
    if (check != sorted || sawtooth_of(order).period == 0) return {};
    return order;
}

double evenness_of(const std::vector<int64_t>& rates, int64_t kernel) {
    std::vector<double> counts{1};
    for (const int64_t rate : rates) {
        std::vector<double> next(counts.size() + static_cast<size_t>((kernel - 1) * rate));
        for (int64_t k = 0; k < kernel; ++k) {
            for (size_t x = 0; x < counts.size(); ++x) next[x + static_cast<size_t>(k * rate)] += counts[x];
        }
        counts = std::move(next);
    }
    double sum = 0, squares = 0;
    for (const double count : counts) sum += count, squares += count * count;
    return sum * sum / (static_cast<double>(counts.size()) * squares);
}

double orders_of(const std::vector<int64_t>& sorted) {
    double orders = 1;
    for (size_t i = 0, same = 0; i < sorted.size(); ++i) {
        same = i > 0 && sorted[i] == sorted[i - 1] ? same + 1 : 1;
        orders *= static_cast<double>(i + 1) / static_cast<double>(same);
    }
    return orders;
}

// All sets of rates with this sum that cover fully, by the rule at covers_fully().
class SetsOfSum {
  public:
    SetsOfSum(int64_t kernel, int64_t layers, int64_t sum, size_t most)
        : kernel_(kernel), layers_(layers), sum_(sum), most_(most) {
        extend(0, 1);
    }
    bool complete() const { return complete_; }
    std::vector<RateSet>& sets() { return sets_; }

  private:
    // The largest sum that the layers still to come can bring it to.
    double furthest(int64_t sum, int64_t more) const {
        double reached = static_cast<double>(sum);
        for (int64_t i = 0; i < more; ++i) reached = reached * static_cast<double>(kernel_) + 1;
        return reached;
    }
    void extend(int64_t sum, int64_t least) {
        const int64_t more = layers_ - static_cast<int64_t>(rates_.size());
        if (more == 0) {
            if (sets_.size() == most_) {
                complete_ = false;
                return;
            }
            sets_.push_back({rates_, 1, {}, 0});
            return;
        }
        const int64_t largest = std::min(1 + (kernel_ - 1) * sum, (sum_ - sum) / more);
        for (int64_t rate = least; rate <= largest && complete_; ++rate) {
            if (furthest(sum + rate, more - 1) < static_cast<double>(sum_)) continue;
            rates_.push_back(rate);
            extend(sum + rate, rate);
            rates_.pop_back();
        }
    }

    int64_t kernel_, layers_, sum_;
    size_t most_;
    std::vector<int64_t> rates_;
    std::vector<RateSet> sets_;
    bool complete_ = true;
};

struct Sums {
    int64_t least, most;  // of the rates
    bool cut = false;     // larger ones would cover too, but are not looked at
};

Sums sums_of(const SuggestOptions& options) {
    double largest = 0;
    for (int64_t i = 0; i < options.layers; ++i) largest = largest * static_cast<double>(options.kernel) + 1;
    const int64_t bound = (widest_field - 1) / (options.kernel - 1);
    if (largest > static_cast<double>(bound)) return {options.layers, bound, true};
    return {options.layers, static_cast<int64_t>(largest), false};
}

void check_range(const char* option, int64_t value, int64_t least, int64_t most) {
    if (value >= least && value <= most) return;
    throw Error(option, std::to_string(value) + " is out of range, expected " + std::to_string(least) + " to " +
                            std::to_string(most) + " with --suggest");
}

int64_t sum_for_field(const SuggestOptions& options, const Sums& sums) {
    const int64_t step = options.kernel - 1, field = *options.field;
    const int64_t sum = (field - 1) / step;
    if (field >= 1 && (field - 1) % step == 0 && sum >= sums.least && sum <= sums.most) return sum;
    const int64_t below = std::clamp(sum, sums.least, sums.most), above = std::clamp(sum + 1, sums.least, sums.most);
    std::string nearest = std::to_string(1 + step * below);
    if (above != below) nearest += " and " + std::to_string(1 + step * above);
    throw Error("--field",
                std::to_string(field) + " is no field that " + std::to_string(options.layers) +
                    " layers with a kernel of " + std::to_string(options.kernel) +
                    " can read without holes: it is 1 + " + std::to_string(step) + " x the sum of the rates, from " +
                    std::to_string(1 + step * sums.least) + " to " + std::to_string(1 + step * sums.most) +
                    (sums.cut ? " (larger ones are not looked at)" : ""),
                "the nearest: " + nearest);
}

void rank(std::vector<RateSet>& sets, int64_t kernel) {
    for (RateSet& set : sets) {
        set.evenness = evenness_of(set.rates, kernel);
        set.sawtooth = sawtooth_order(set.rates);
        set.teeth = set.sawtooth.empty() ? 0 : sawtooth_of(set.sawtooth).teeth;
    }
}

class Listing {
  public:
    Listing(const SuggestOptions& options, Suggestions& result) : options_(options), result_(result) {}
    bool full() const { return result_.best.size() >= options_.list; }

    // The sequences of all sets of one field, in their order of preference.
    void add(std::vector<RateSet> sets) {
        rank(sets, options_.kernel);
        std::sort(sets.begin(), sets.end(), [](const RateSet& a, const RateSet& b) {
            return std::tie(b.teeth, b.evenness, a.rates) < std::tie(a.teeth, a.evenness, b.rates);
        });
        for (const RateSet& set : sets) {
            result_.found += orders_of(set.rates);
            if (!set.sawtooth.empty()) list(set, set.sawtooth);
        }
        std::sort(sets.begin(), sets.end(), [](const RateSet& a, const RateSet& b) {
            return std::tie(b.evenness, a.rates) < std::tie(a.evenness, b.rates);
        });
        for (const RateSet& set : sets) {
            std::vector<int64_t> order = set.rates;
            do {
                if (full()) return;
                if (order != set.sawtooth) list(set, order);
            } while (std::next_permutation(order.begin(), order.end()));
        }
    }

  private:
    void list(const RateSet& set, const std::vector<int64_t>& rates) {
        if (full()) return;
        Chain chain;
        for (const int64_t rate : rates) chain.push_back({options_.kernel, rate, 1});
        const ChainFacts facts = analyse(chain);
        result_.best.push_back({rates, facts.receptive_field, facts.sawtooth, set.evenness, facts.m2, facts.criterion});
    }

    const SuggestOptions& options_;
    Suggestions& result_;
};

// How many sets of a field can be ranked.
size_t most_sets_of(const SuggestOptions& options, int64_t sum) {
    const double each = static_cast<double>(options.layers * options.kernel * (options.kernel - 1) * sum);
    return std::clamp<size_t>(static_cast<size_t>(most_work / each), 1, most_sets);
}

}  // namespace

Suggestions suggest(const SuggestOptions& options) {
    check_range("--kernel", options.kernel, 2, 64);
    check_range("--layers", options.layers, 1, 64);
    if (options.field) check_range("--field", *options.field, 1, widest_field);
    const Sums sums = sums_of(options);
    Suggestions result;
    if (sums.least > sums.most) throw Error("--layers", "has more layers than can be looked at", "use fewer");
    const int64_t first = options.field ? sum_for_field(options, sums) : sums.most;
    const int64_t last = options.field ? first : sums.least;
    if (!options.field && sums.cut) {
        result.exhaustive = false;
        result.limit = "fields above " + std::to_string(1 + (options.kernel - 1) * sums.most) + " were not looked at";
    }
    Listing listing(options, result);
    result.largest_field = 1 + (options.kernel - 1) * first;
    for (int64_t sum = first; sum >= last && !listing.full(); --sum) {
        SetsOfSum sets(options.kernel, options.layers, sum, most_sets_of(options, sum));
        result.smallest_field = 1 + (options.kernel - 1) * sum;
        if (!sets.complete()) {
            result.exhaustive = false;
            result.limit += (result.limit.empty() ? "" : "; ") + std::string("of the field ") +
                            std::to_string(result.smallest_field) + ", only the first " +
                            std::to_string(sets.sets().size()) + " sets of rates were compared";
        }
        listing.add(std::move(sets.sets()));
        if (!sets.complete()) break;  // the next field would take as long
    }
    return result;
}

}  // namespace atrous::dilation
