#include "apps/atrous/inspect_words.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace atrous {

using namespace dilation;

namespace {

std::string format(const char* form, double number) {
    char text[32];
    std::snprintf(text, sizeof text, form, number);
    return text;
}

std::string of_text(int64_t part, int64_t whole) {
    return std::to_string(part) + " of " + std::to_string(whole);
}

std::string milliseconds(double seconds) {
    return format(seconds < 0.01 ? "%.3f ms" : "%.1f ms", seconds * 1e3);
}

}  // namespace

std::string extents_text(const std::vector<int64_t>& extents) {
    std::string text;
    for (const int64_t extent : extents) text += (text.empty() ? "" : "×") + std::to_string(extent);
    return text;
}

std::string pair_text(int64_t height, int64_t width) {
    return height == width ? std::to_string(height) : std::to_string(height) + "×" + std::to_string(width);
}

std::string number_text(double number) {
    constexpr std::pair<double, const char*> units[] = {{1e12, " T"}, {1e9, " G"}, {1e6, " M"}, {1e3, " k"}};
    for (const auto& [unit, name] : units) {
        if (number >= 0.9995 * unit) return format(number < 99.95 * unit ? "%.1f" : "%.0f", number / unit) + name;
    }
    return format("%.0f", number);
}

std::string count_text(Count count) {
    if (count < 1e15L) return number_text(static_cast<double>(count));
    char text[32];
    std::snprintf(text, sizeof text, "%.1Le", count);
    return text;
}

// Never rounded to 100 while something is missing.
std::string percent_text(double part, double whole) {
    if (whole <= 0) return "–";
    const double percent = 100 * part / whole;
    if (part >= whole) return "100 %";
    return format(percent >= 99.5 || percent < 10 ? "%.1f %%" : "%.0f %%", std::min(percent, 99.9));
}

std::string rates_text(const std::array<Chain, 2>& axes) {
    std::string text;
    for (size_t i = 0; i < axes[0].size(); ++i)
        text += (text.empty() ? "" : ", ") + pair_text(axes[0][i].rate, axes[1][i].rate);
    return text;
}

std::string teeth_text(const Sawtooth& sawtooth) {
    return format(sawtooth.teeth == std::floor(sawtooth.teeth) ? "%.0f" : "%.1f", sawtooth.teeth);
}

namespace {

std::string sawtooth_text(const Sawtooth& sawtooth) {
    return teeth_text(sawtooth) + (sawtooth.teeth == 1 ? " tooth" : " teeth") + " of " +
           std::to_string(sawtooth.period) + " layers";
}

}  // namespace

namespace {

std::string criterion_text(const Chain& chain, const ChainFacts& facts) {
    if (facts.criterion == Criterion::undefined) {
        const auto strided = [](const ChainLayer& layer) { return layer.stride > 1; };
        return std::any_of(chain.begin(), chain.end(), strided) ? "undefined: it knows no strides"
                                                                : "undefined: one layer has no M₂";
    }
    const bool passes = facts.criterion == Criterion::passes;
    return "M₂ = " + std::to_string(*facts.m2) + (passes ? " ≤ " : " > ") + std::to_string(chain[0].kernel) + ": " +
           name_of(facts.criterion);
}

std::string divisor_text(const ChainFacts& facts) {
    if (facts.divisor == 1) return "1: none";
    return std::to_string(facts.divisor) + ": every rate is a multiple of it, so nothing between is ever read";
}

std::string relations_text(const ChainFacts& facts) {
    if (facts.separate_sets == 0) return "no two have an input in common";
    if (facts.separate_sets > 1) {
        return std::to_string(facts.separate_sets) + " separate sets: outputs " + std::to_string(facts.separate_sets) +
               " apart belong together and have no input in common with those between";
    }
    if (facts.unrelated.empty()) return "neighbours as far as the field have inputs in common";
    std::string distances;
    constexpr size_t most = 8;
    for (size_t i = 0; i < std::min(most, facts.unrelated.size()); ++i)
        distances += (i ? ", " : "") + std::to_string(facts.unrelated[i]);
    return "no input in common at distance " + distances + (facts.unrelated.size() > most ? ", …" : "");
}

}  // namespace

std::vector<std::pair<std::string, std::string>> chain_facts_words(const Chain& chain, const ChainFacts& facts) {
    std::vector<std::pair<std::string, std::string>> words{
        {"receptive field", std::to_string(facts.receptive_field)},
        {"covered", of_text(facts.covered, facts.receptive_field) + " (" +
                        percent_text(static_cast<double>(facts.covered), static_cast<double>(facts.receptive_field)) +
                        ")"},
        {"criterion", criterion_text(chain, facts)},
        {"common divisor", divisor_text(facts)},
        {"sawtooth", facts.sawtooth.period > 0 ? "yes: " + sawtooth_text(facts.sawtooth) : "no"},
        {"evenness", format("%.3f", facts.evenness)},
        {"outputs", relations_text(facts)}};
    constexpr int64_t longest = 41;
    if (facts.receptive_field > longest) return words;
    std::string paths;
    for (const Count count : facts.counts)
        paths += (paths.empty() ? "" : " ") + format("%.0f", static_cast<double>(count));
    words.emplace_back("paths", paths);
    return words;
}

std::string plane_text(const std::array<ChainFacts, 2>& facts) {
    const int64_t covered = facts[0].covered * facts[1].covered;
    const int64_t positions = facts[0].receptive_field * facts[1].receptive_field;
    return "In two dimensions " + of_text(covered, positions) + " positions are read (" +
           percent_text(static_cast<double>(covered), static_cast<double>(positions)) + ").";
}

bool is_dilated(const InspectedChain& chain) {
    for (const Chain& axis : chain.axes) {
        for (const ChainLayer& layer : axis)
            if (layer.kernel > 1 && layer.rate > 1) return true;
    }
    return false;
}

bool is_worth_a_row(const InspectedLayer& layer) {
    const LayerCost& cost = layer.cost;
    return cost.rate != Pair{1, 1} || cost.onnx_type == "ConvTranspose" || cost.onnx_type == "Resize";
}

std::string chain_title(const InspectedChain& chain, size_t index) {
    const size_t count = chain.names.size();
    std::string text = "Chain " + std::to_string(index + 1) + ": " + std::to_string(count) + " layer" +
                       (count > 1 ? "s, " : ", ") + printable(chain.names.front());
    if (count > 1) text += " … " + printable(chain.names.back());
    return text;
}

namespace {

// The axis of which less is covered.
const ChainFacts& worse(const std::array<ChainFacts, 2>& facts) {
    const auto coverage = [](const ChainFacts& axis) {
        return static_cast<double>(axis.covered) / static_cast<double>(axis.receptive_field);
    };
    return coverage(facts[0]) < coverage(facts[1]) ? facts[0] : facts[1];
}

}  // namespace

std::string chain_summary(const InspectedChain& chain) {
    const auto& facts = *chain.facts;
    const ChainFacts& axis = worse(facts);
    return "  rates " + rates_text(chain.axes) + "\n  field " +
           pair_text(facts[0].receptive_field, facts[1].receptive_field) + ", common divisor " +
           std::to_string(axis.divisor) + ", " +
           (axis.sawtooth.period > 0 ? "sawtooth (" + sawtooth_text(axis.sawtooth) + ")" : "no sawtooth") + "\n  " +
           verdict_text(axis) + "\n  Outputs: " + relations_text(axis) + ".\n";
}

std::string dilated_part_text(const InspectedChain& chain) {
    const ChainPart& part = *chain.dilated;
    const std::string place =
        "layers " + std::to_string(part.first + 1) + " to " + std::to_string(part.first + part.count) + " of it";
    return "  The dilated " + (part.count > 1 ? place : "layer " + std::to_string(part.first + 1)) +
           " alone: " + verdict_text(worse(part.facts));
}

std::vector<std::string> layer_words(const InspectedLayer& layer) {
    const LayerCost& cost = layer.cost;
    std::string window = "–";
    if (cost.kernel != Pair{1, 1} || cost.macs > 0) {
        window = std::to_string(cost.kernel[0]) + "×" + std::to_string(cost.kernel[1]);
        if (cost.stride != Pair{1, 1}) window += " s" + pair_text(cost.stride[0], cost.stride[1]);
        if (cost.rate != Pair{1, 1}) window += " r" + pair_text(cost.rate[0], cost.rate[1]);
        if (cost.groups != 1) window += " g" + std::to_string(cost.groups);
    }
    const double bytes = cost.bytes_in + cost.bytes_out + cost.bytes_weights;
    return {cost.onnx_type,
            printable(cost.name),
            extents_text(cost.shape),
            window,
            cost.macs > 0 ? format(cost.macs < 9.5e6 ? "%.1e" : "%.2f", cost.macs / 1e9) : "–",
            cost.macs > 0 ? percent_text(cost.real_macs, cost.macs) : "–",
            cost.parameters > 0 ? number_text(cost.parameters) : "–",
            bytes_text(bytes),
            bytes_text(cost.footprint),
            layer.schedule.empty() ? "–" : layer.schedule};
}

std::vector<std::string> cost_words(const DilationCosts& costs, size_t layer) {
    const auto found = costs.layers.find(layer);
    if (found == costs.layers.end()) return {"–", "–", "–"};
    const DilationCost& cost = found->second;
    return {milliseconds(cost.seconds), milliseconds(cost.dense_seconds), format("%.2f", cost.ratio())};
}

std::vector<std::string> checkerboard_words(const Inspection& inspection) {
    std::vector<std::string> lines;
    for (const InspectedLayer& layer : inspection.layers) {
        if (!layer.phases || !layer.phases->is_uneven()) continue;
        const auto list = [](const std::vector<int64_t>& taps) {
            std::string text;
            constexpr size_t most = 16;
            for (size_t i = 0; i < std::min(most, taps.size()); ++i) text += (i ? ", " : "") + std::to_string(taps[i]);
            return text + (taps.size() > most ? ", …" : "");
        };
        const std::string rows = list(layer.phases->y), columns = list(layer.phases->x);
        lines.push_back("Checkerboard: " + printable(layer.cost.name) + " gives its outputs " +
                        (rows == columns ? rows : rows + " (rows) and " + columns + " (columns)") +
                        " taps by turns; as many for all where the kernel is a multiple of the stride");
    }
    return lines;
}

std::string totals_text(const Inspection& inspection) {
    double macs = 0, real = 0, parameters = 0, weights = 0;
    for (const InspectedLayer& layer : inspection.layers) {
        macs += layer.cost.macs;
        real += layer.cost.real_macs;
        parameters += layer.cost.parameters;
        weights += layer.cost.bytes_weights;
    }
    return std::to_string(inspection.layers.size()) + (inspection.layers.size() == 1 ? " layer at " : " layers at ") +
           std::to_string(inspection.size.height) + "×" + std::to_string(inspection.size.width) + ": " +
           number_text(macs) + "MAC, of which " + percent_text(real, macs) + " meet pixels of the picture; " +
           number_text(parameters) + " parameters, " + bytes_text(weights) + "; schedules for " + inspection.target;
}

std::string measured_text(const DilationCosts& costs) {
    if (costs.layers.empty()) return "No convolution is dilated: there is nothing to measure.";
    const DilationCost total = costs.total();
    return "Measured, " + std::to_string(costs.threads) + (costs.threads > 1 ? " threads" : " thread") +
           ": the dilated convolutions take " + milliseconds(total.seconds) + ", as if r = 1 " +
           milliseconds(total.dense_seconds) + ": " + format("%.2f", total.ratio()) + " times as long";
}

namespace {

std::string axis_words(const AxisTiling& tiling) {
    return "halo " + std::to_string(tiling.before) + " before and " + std::to_string(tiling.after) +
           " after, aligned to " + std::to_string(tiling.alignment) + ": " + std::to_string(tiling.rounded_before()) +
           " and " + std::to_string(tiling.rounded_after());
}

std::string tiling_words(const Tiling& tiling) {
    if (!tiling.refusal.empty()) return "exact tiling: none, " + tiling.refusal;
    const std::string y = axis_words(tiling.y), x = axis_words(tiling.x);
    return "exact tiling: " + (y == x ? y : "height: " + y + "; width: " + x);
}

std::string field_words(const InputField& field) {
    std::string text = "receptive field in " + printable(field.input) + ": " + std::to_string(field.y.size) + "×" +
                       std::to_string(field.x.size);
    if (field.y.smallest != field.y.size || field.x.smallest != field.x.size)
        text += " at most, " + std::to_string(field.y.smallest) + "×" + std::to_string(field.x.smallest) + " at least";
    text += "; of its rows " + of_text(field.y.covered, field.y.size) + " are read, of its columns " +
            of_text(field.x.covered, field.x.size);
    if (field.theoretical) {
        const double covered = static_cast<double>(field.theoretical->covered);
        text += "; of the middle pixel's " + std::to_string(field.theoretical->height) + "×" +
                std::to_string(field.theoretical->width) + " positions " +
                percent_text(covered, static_cast<double>(field.theoretical->positions()));
    }
    return text;
}

}  // namespace

std::vector<std::string> output_words(const InspectedOutput& output) {
    std::vector<std::string> lines;
    for (const InputField& field : output.fields) lines.push_back(field_words(field));
    if (!output.no_fields.empty()) lines.push_back("receptive field: unknown: " + output.no_fields);
    if (output.whole)
        lines.push_back("it depends on the whole picture too (global pooling or the like), on top of these fields");
    lines.push_back(tiling_words(output.tiling));
    return lines;
}

std::vector<std::string> explanation_of(const SuggestOptions& options, const Suggestions& suggestions) {
    std::vector<std::string> lines;
    const std::string fields = suggestions.smallest_field == suggestions.largest_field
                                   ? "the field " + std::to_string(suggestions.largest_field)
                                   : "fields from " + std::to_string(suggestions.largest_field) + " down to " +
                                         std::to_string(suggestions.smallest_field);
    lines.push_back(format("%.0f", suggestions.found) + " sequences of " + std::to_string(options.layers) +
                    " rates read all of " + fields + "; " + std::to_string(suggestions.best.size()) + " are listed.");
    lines.push_back(suggestions.exhaustive ? "The search was exhaustive: nothing that belongs before these is missing."
                                           : "The search was not exhaustive: " + suggestions.limit + ".");
    if (suggestions.best.empty()) return lines;
    const Suggestion& first = suggestions.best[0];
    std::string why = "First is ";
    for (size_t i = 0; i < first.rates.size(); ++i) why += (i ? "," : "") + std::to_string(first.rates[i]);
    why += options.field ? "" : ", with the largest field";
    why += first.sawtooth.period > 0
               ? ": a sawtooth of " + sawtooth_text(first.sawtooth) + ", so that near and far are mixed again and again"
               : ": its paths are spread most evenly";
    why += " (evenness " + format("%.3f", first.evenness) + ").";
    if (first.criterion == Criterion::fails) {
        why += " The criterion refuses it (M₂ = " + std::to_string(*first.m2) + " > " + std::to_string(options.kernel) +
               "), though nothing is left out.";
    }
    lines.push_back(why);
    return lines;
}

}  // namespace atrous
