#include "compiler/dilation/chain.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/error.h"

namespace atrous::dilation {

namespace {

void check_range(const char* what, int64_t value, int64_t most) {
    if (value >= 1 && value <= most) return;
    throw Error("chain of convolutions",
                std::string("a ") + what + " is " + std::to_string(value) + ", expected 1 to " + std::to_string(most),
                std::string("use another ") + what);
}

// Also keeps the time in bounds: each layer costs its taps times the field behind it.
void check(const Chain& chain) {
    if (chain.empty()) throw Error("chain of convolutions", "has no layer", "give at least one rate");
    if (chain.size() > static_cast<size_t>(most_layers)) {
        throw Error("chain of convolutions",
                    "has " + std::to_string(chain.size()) + " layers, expected at most " + std::to_string(most_layers),
                    "analyse a part of it");
    }
    double field = 1, work = 0, log_paths = 0;
    for (auto layer = chain.rbegin(); layer != chain.rend(); ++layer) {
        check_range("kernel", layer->kernel, largest_kernel);
        check_range("rate", layer->rate, largest_rate);
        check_range("stride", layer->stride, largest_rate);
        work += field * static_cast<double>(layer->kernel);
        field = (field - 1) * static_cast<double>(layer->stride) +
                static_cast<double>((layer->kernel - 1) * layer->rate) + 1;
        log_paths += std::log2(static_cast<double>(layer->kernel));
        if (field > static_cast<double>(longest_field)) {
            throw Error("chain of convolutions",
                        "its receptive field is longer than " + std::to_string(longest_field) + " positions",
                        "use smaller rates or fewer layers");
        }
    }
    if (work > 1e9 || log_paths > 8000) {  // of two axes: 2^16000, below the largest Count
        throw Error("chain of convolutions", "has too many taps to be counted", "use smaller kernels or fewer layers");
    }
}

int64_t largest_gap(const PathCounts& read) {
    int64_t gap = 0, last = -1;
    for (int64_t x = 0; x < read.width; ++x) {
        if (read.at(0, x) == 0) continue;
        if (last >= 0) gap = std::max(gap, x - last);
        last = x;
    }
    return gap;
}

// M_n = r_n; M_i = max[M_{i+1} − 2r_i, M_{i+1} − 2(M_{i+1} − r_i), r_i]: equation 2 of the paper.
void note_criterion(const Chain& chain, ChainFacts& facts) {
    const auto strided = [](const ChainLayer& layer) { return layer.stride != 1; };
    if (std::any_of(chain.begin(), chain.end(), strided)) return;
    int64_t next = 0;
    std::vector<size_t> layers;  // that have taps along this axis, the last first
    for (size_t i = chain.size(); i-- > 0;) {
        if (chain[i].kernel == 1) continue;
        const int64_t rate = chain[i].rate;
        next = layers.empty() ? rate : std::max({next - 2 * rate, next - 2 * (next - rate), rate});
        facts.layers[i].m = next;
        layers.push_back(i);
    }
    if (layers.size() < 2) return;
    facts.m2 = facts.layers[layers[layers.size() - 2]].m;
    facts.criterion = *facts.m2 <= chain[layers.back()].kernel ? Criterion::passes : Criterion::fails;
}

// Layer by layer from the output back to the input.
PathCounts note_sets(const Chain& chain, ChainFacts& facts) {
    PathCounts read = PathCounts::ones(0, 0, 1, 1);
    for (size_t i = chain.size(); i-- > 0;) {
        const ChainLayer& layer = chain[i];
        const AxisReads axis{WindowReads{layer.kernel, layer.stride, layer.rate, 0}, 1, Outside::padding};
        read = through(read, AxisReads{WindowReads{}}, axis, Borders::none, longest_field);
        facts.layers[i].gap = largest_gap(read);
    }
    return read;
}

void note_fields(const Chain& chain, ChainFacts& facts) {
    int64_t field = 1, step = 1;
    for (size_t i = 0; i < chain.size(); ++i) {
        const ChainLayer& layer = chain[i];
        facts.layers[i].effective_kernel = (layer.kernel - 1) * layer.rate + 1;
        field += (layer.kernel - 1) * layer.rate * step;
        facts.layers[i].field = field;
        step *= layer.stride;
    }
}

bool share_an_input(const PathCounts& read, int64_t distance) {
    for (int64_t x = distance; x < read.width; ++x) {
        if (read.at(0, x) > 0 && read.at(0, x - distance) > 0) return true;
    }
    return false;
}

// Outputs o and o + d have an input in common where d·step is a difference of two positions that are read. What can be
// reached by such distances from an output, one after the other, is one set: those distances' common divisor counts
// them. Without strides that is the divisor of all positions, seen from the first.
int64_t separate_sets(const PathCounts& read, int64_t step) {
    int64_t divisor = 0;
    if (step == 1) {
        for (int64_t x = 1; x < read.width; ++x) {
            if (read.at(0, x) > 0) divisor = std::gcd(divisor, x);
        }
        return divisor;
    }
    int64_t work = int64_t{1} << 29;
    for (int64_t d = 1; divisor != 1 && d <= (read.width - 1) / step && work > 0; ++d) {
        if (share_an_input(read, d * step)) divisor = std::gcd(divisor, d);
        work -= read.width;
    }
    return divisor;
}

void note_relations(const Chain& chain, const PathCounts& read, ChainFacts& facts) {
    int64_t step = 1;
    for (const ChainLayer& layer : chain) step = std::min(step * layer.stride, longest_field);
    constexpr int64_t furthest = 64;
    for (int64_t d = 1; d <= furthest && d <= (read.width - 1) / step; ++d) {
        if (!share_an_input(read, d * step)) facts.unrelated.push_back(d);
    }
    facts.separate_sets = separate_sets(read, step);
}

int64_t common_divisor(const Chain& chain) {
    int64_t divisor = 0;
    for (const ChainLayer& layer : chain) {
        if (layer.kernel > 1) divisor = std::gcd(divisor, layer.rate);
    }
    return std::max<int64_t>(1, divisor);
}

}  // namespace

const char* name_of(Criterion criterion) {
    constexpr const char* names[] = {"undefined", "passes", "fails"};
    return names[static_cast<int>(criterion)];
}

Sawtooth sawtooth_of(const std::vector<int64_t>& rates) {
    size_t period = 1;
    while (period < rates.size() && rates[period] > rates[period - 1]) ++period;
    if (period < 2) return {};
    for (size_t i = period; i < rates.size(); ++i) {
        if (rates[i] != rates[i - period]) return {};
    }
    return {static_cast<int64_t>(period), static_cast<double>(rates.size()) / static_cast<double>(period)};
}

bool ChainFacts::disagrees() const {
    return criterion != Criterion::undefined && (criterion == Criterion::passes) != is_covered();
}

ChainFacts analyse(const Chain& chain) {
    check(chain);
    ChainFacts facts;
    facts.layers.resize(chain.size());
    note_fields(chain, facts);
    note_criterion(chain, facts);
    const PathCounts read = note_sets(chain, facts);
    facts.receptive_field = read.width;
    facts.covered = read.covered();
    facts.evenness = read.evenness();
    facts.counts = read.numbers;
    facts.divisor = common_divisor(chain);
    note_relations(chain, read, facts);
    std::vector<int64_t> rates;
    for (const ChainLayer& layer : chain) {
        if (layer.kernel > 1) rates.push_back(layer.rate);
    }
    facts.sawtooth = sawtooth_of(rates);
    return facts;
}

bool covers_fully(const Chain& chain) {
    Chain sorted = chain;
    std::sort(sorted.begin(), sorted.end(), [](const ChainLayer& a, const ChainLayer& b) { return a.rate < b.rate; });
    int64_t reached = 0;
    for (const ChainLayer& layer : sorted) {
        if (layer.kernel == 1) continue;
        if (layer.rate > reached + 1) return false;
        reached += (layer.kernel - 1) * layer.rate;
    }
    return true;
}

std::string verdict_text(const ChainFacts& facts) {
    const std::string read = std::to_string(facts.covered) + " of " + std::to_string(facts.receptive_field);
    const std::string truth = facts.is_covered() ? "every position of the field is read (" + read + ")"
                                                 : "only " + read + " positions are read";
    if (facts.criterion == Criterion::undefined) return "The criterion does not apply; " + truth + ".";
    const std::string m2 = "M₂ = " + std::to_string(*facts.m2);
    const std::string passes = facts.criterion == Criterion::passes ? m2 + " passes" : m2 + " fails";
    if (!facts.disagrees()) return passes + ", and " + truth + ".";
    return passes + ", yet " + truth + ": trust the coverage, which is exact; the criterion is only a rule of thumb.";
}

}  // namespace atrous::dilation
