#include "apps/atrous/inspect_text.h"

#include <cmath>
#include <cstdio>

#include "apps/atrous/inspect_words.h"
#include "apps/atrous/table.h"

namespace atrous {

using namespace dilation;

namespace {

bool same_axes(const std::array<Chain, 2>& axes, const std::array<ChainFacts, 2>& facts) {
    if (facts[0].receptive_field != facts[1].receptive_field || facts[0].counts != facts[1].counts) return false;
    for (size_t i = 0; i < axes[0].size(); ++i) {
        if (axes[0][i].kernel != axes[1][i].kernel || axes[0][i].rate != axes[1][i].rate) return false;
    }
    return true;
}

std::string layers_table(const Chain& chain, const ChainFacts& facts) {
    Table table({">layer", ">kernel", ">rate", ">stride", ">effective kernel", ">field", ">M_i", ">true gap"});
    for (size_t i = 0; i < chain.size(); ++i) {
        const LayerFacts& layer = facts.layers[i];
        table.add({std::to_string(i + 1), std::to_string(chain[i].kernel), std::to_string(chain[i].rate),
                   std::to_string(chain[i].stride), std::to_string(layer.effective_kernel), std::to_string(layer.field),
                   layer.m > 0 ? std::to_string(layer.m) : "–", layer.gap > 0 ? std::to_string(layer.gap) : "–"});
    }
    return table.text();
}

std::string axis_text(const Chain& chain, const ChainFacts& facts) {
    Table table({"", ""});
    for (const auto& [name, value] : chain_facts_words(chain, facts)) table.add({name, value});
    std::string text = table.text();
    text = text.substr(text.find('\n') + 1);  // without the empty headings
    return layers_table(chain, facts) + "\n" + text;
}

std::string chain_text(const std::array<Chain, 2>& axes, const std::array<ChainFacts, 2>& facts) {
    std::string text;
    if (same_axes(axes, facts)) {
        text = axis_text(axes[0], facts[0]);
    } else {
        text = "Height\n" + axis_text(axes[0], facts[0]) + "\nWidth\n" + axis_text(axes[1], facts[1]);
    }
    const std::array<std::string, 2> verdicts{verdict_text(facts[0]), verdict_text(facts[1])};
    text +=
        "\n" + (verdicts[0] == verdicts[1] ? verdicts[0] : "Height: " + verdicts[0] + "\nWidth: " + verdicts[1]) + "\n";
    return text + plane_text(facts) + "\n";
}

constexpr size_t longest_list = 24;

std::string layers_text(const Inspection& inspection, const std::optional<DilationCosts>& costs, bool all) {
    const bool shortened = !all && inspection.layers.size() > longest_list;
    std::vector<std::string> headings{"operator", "name",        "shape",  "kernel",     ">GMAC",
                                      ">real",    ">parameters", ">bytes", ">footprint", "schedule"};
    if (costs) headings.insert(headings.end(), {">time", ">as if r = 1", ">ratio"});
    Table table(headings);
    size_t left_out = 0;
    for (size_t i = 0; i < inspection.layers.size(); ++i) {
        const InspectedLayer& layer = inspection.layers[i];
        if (shortened && !is_worth_a_row(layer)) {
            ++left_out;
            continue;
        }
        std::vector<std::string> cells = layer_words(layer);
        if (costs) {
            for (const std::string& cell : cost_words(*costs, i)) cells.push_back(cell);
        }
        table.add(cells);
    }
    std::string text = table.text();
    if (left_out > 0)
        text += std::to_string(left_out) +
                " layers that see one pixel at a time or whose rate is 1 are left out; "
                "--verbose shows them\n";
    text += totals_text(inspection) + "\n";
    for (const std::string& line : checkerboard_words(inspection)) text += line + "\n";
    return text;
}

std::string chains_text(const Inspection& inspection, bool all) {
    std::string text;
    size_t plain = 0;
    for (size_t i = 0; i < inspection.chains.size(); ++i) {
        const InspectedChain& chain = inspection.chains[i];
        if (!all && !is_dilated(chain)) {
            ++plain;
            continue;
        }
        text += "\n" + chain_title(chain, i) + "\n";
        if (!chain.facts) {
            text += chain.refusal + "\n";
            continue;
        }
        text += all ? chain_text(chain.axes, *chain.facts) : chain_summary(chain);
        if (chain.dilated) text += dilated_part_text(chain) + "\n";
    }
    if (plain > 0)
        text += "\n" + std::to_string(plain) + " chain" + (plain > 1 ? "s" : "") +
                " without dilation; --verbose shows them, and the layers of all\n";
    return text;
}

}  // namespace

std::string text_of(const std::vector<BareChain>& chains) {
    std::string text;
    for (const BareChain& chain : chains)
        text += (text.empty() ? "" : "\n") + ("Rates " + rates_text(chain.axes)) + "\n" +
                chain_text(chain.axes, chain.facts);
    return text;
}

std::string text_of(const Inspection& inspection, const std::optional<DilationCosts>& costs, bool all) {
    std::string text = layers_text(inspection, costs, all);
    if (!inspection.no_schedules.empty()) text += "No schedules: " + inspection.no_schedules + "\n";
    if (costs) text += measured_text(*costs) + "\n";
    for (const InspectedOutput& output : inspection.outputs) {
        text += "\nOutput " + printable(output.name) + ", " + extents_text(output.shape) + "\n";
        for (const std::string& line : output_words(output)) text += "  " + line + "\n";
    }
    return text + chains_text(inspection, all);
}

std::string text_of(const SuggestOptions& options, const Suggestions& suggestions) {
    Table table({"rates", ">field", ">teeth", ">evenness", ">M2", "criterion"});
    for (const Suggestion& suggestion : suggestions.best) {
        std::string rates;
        for (const int64_t rate : suggestion.rates) rates += (rates.empty() ? "" : ",") + std::to_string(rate);
        char evenness[16];
        std::snprintf(evenness, sizeof evenness, "%.3f", suggestion.evenness);
        table.add({rates, std::to_string(suggestion.field),
                   suggestion.sawtooth.period > 0 ? teeth_text(suggestion.sawtooth) : "–", evenness,
                   suggestion.m2 ? std::to_string(*suggestion.m2) : "–", name_of(suggestion.criterion)});
    }
    std::string text = table.text();
    for (const std::string& line : explanation_of(options, suggestions)) text += line + "\n";
    return text;
}

}  // namespace atrous
