#include "apps/atrous/inspect_html.h"

#include <algorithm>

#include "apps/atrous/html_page.h"
#include "apps/atrous/inspect_heat_map.h"
#include "apps/atrous/inspect_words.h"

namespace atrous {

using namespace dilation;

namespace {

std::string rgb(const Colour& colour) {
    return "rgb(" + std::to_string(colour[0]) + "," + std::to_string(colour[1]) + "," + std::to_string(colour[2]) + ")";
}

// A cell for each position, with its count where there is room.
std::string small_map(const PathCounts& counts) {
    const Shade shade(counts);
    const bool numbers = counts.width <= 17 && counts.highest() < 1e4L;
    std::string svg = "<svg role=\"img\" viewBox=\"0 0 " + std::to_string(counts.width * 10) + " " +
                      std::to_string(counts.height * 10) + "\" aria-label=\"paths to each position\">";
    for (int64_t y = 0; y < counts.height; ++y) {
        for (int64_t x = 0; x < counts.width; ++x) {
            const Count count = counts.at(y, x);
            const std::string left = std::to_string(x * 10), top = std::to_string(y * 10);
            const Colour colour = heat_colour(shade(count));
            const std::string number = std::to_string(static_cast<int64_t>(std::min(count, 1e18L)));
            svg += "<rect x=\"" + left + "\" y=\"" + top + "\" width=\"9.4\" height=\"9.4\" rx=\"1\" " +
                   (count > 0 ? "fill=\"" + rgb(colour) + "\"" : std::string("class=\"unread\"")) + "><title>" +
                   number + (count == 1 ? " path" : " paths") + "</title></rect>";
            if (count > 0 && numbers) {
                svg += "<text x=\"" + std::to_string(x * 10 + 5) + "\" y=\"" + std::to_string(y * 10 + 6) +
                       "\" class=\"" + (is_light(colour) ? "dark" : "light") + "\">" + number + "</text>";
            }
        }
    }
    return svg + "</svg>";
}

std::string map_figure(const PathCounts& counts, const std::string& caption) {
    if (counts.empty()) return {};
    constexpr int64_t largest_svg = 41;
    const bool small = counts.width <= largest_svg && counts.height <= largest_svg;
    const std::string map =
        small ? small_map(counts) : html_picture(bare_heat_map(counts), "paths to each position of the field");
    return "<figure class=\"map\">" + map + "<figcaption>" + html_escaped(caption) + "</figcaption></figure>\n";
}

std::string legend(const PathCounts& counts) {
    const Shade shade(counts);
    std::string stops;
    for (int i = 0; i <= 8; ++i) stops += (i ? "," : "") + rgb(heat_colour(i / 8.0));
    return "<p class=\"legend\"><span class=\"swatch unread-swatch\"></span>never read <span class=\"ramp\" "
           "style=\"background:linear-gradient(90deg," +
           stops + ")\"></span>" + count_text(shade.lowest()) + " to " + count_text(shade.highest()) + " paths (" +
           (shade.logarithmic() ? "logarithm" : "square root") + " of the count)</p>\n";
}

std::string badge(const ChainFacts& facts) {
    return facts.is_covered() ? "<span class=\"badge good\">covers its field</span>"
                              : "<span class=\"badge bad\">leaves holes</span>";
}

std::string layer_table(const Chain& chain, const ChainFacts& facts) {
    HtmlTable table({">Layer", ">Kernel", ">Rate", ">Effective kernel", ">Field", ">M_i", ">True gap"});
    for (size_t i = 0; i < chain.size(); ++i) {
        const LayerFacts& layer = facts.layers[i];
        table.add({std::to_string(i + 1), std::to_string(chain[i].kernel), std::to_string(chain[i].rate),
                   std::to_string(layer.effective_kernel), std::to_string(layer.field),
                   layer.m > 0 ? std::to_string(layer.m) : "–", layer.gap > 0 ? std::to_string(layer.gap) : "–"});
    }
    return table.text();
}

std::string facts_list(const Chain& chain, const ChainFacts& facts) {
    std::string text = "<dl>";
    for (const auto& [name, value] : chain_facts_words(chain, facts)) {
        if (name != "paths") text += "<div><dt>" + name + "</dt><dd>" + html_escaped(value) + "</dd></div>";
    }
    return text + "</dl>\n";
}

std::string chain_body(const std::array<Chain, 2>& axes, const std::array<ChainFacts, 2>& facts) {
    const PathCounts plane = plane_of(facts);
    const bool same = facts[0].counts == facts[1].counts;
    const ChainFacts& shown = facts[1];
    std::string text = "<div class=\"chain\">" +
                       map_figure(plane, "Paths from each position of the field to one output: " +
                                             extents_text({plane.height, plane.width})) +
                       "<div>";
    text +=
        "<p class=\"verdict\">" + html_escaped(verdict_text(shown)) + " " + html_escaped(plane_text(facts)) + "</p>";
    text += facts_list(axes[1], shown);
    if (!plane.empty()) text += legend(plane);
    text += "</div></div>\n";
    text += (same ? "" : "<h4>Width</h4>") + layer_table(axes[1], shown);
    if (!same)
        text += "<h4>Height</h4><p>" + html_escaped(verdict_text(facts[0])) + "</p>" + layer_table(axes[0], facts[0]);
    return text;
}

std::string model_cards(const Inspection& inspection) {
    double macs = 0, real = 0, parameters = 0;
    int64_t dilated = 0, holes = 0;
    for (const InspectedLayer& layer : inspection.layers) {
        macs += layer.cost.macs;
        real += layer.cost.real_macs;
        parameters += layer.cost.parameters;
    }
    for (const InspectedChain& chain : inspection.chains) {
        dilated += is_dilated(chain);
        holes += chain.facts && !((*chain.facts)[0].is_covered() && (*chain.facts)[1].is_covered());
    }
    std::vector<std::pair<std::string, std::string>> cards{
        {number_text(macs) + "MAC",
         "multiply-adds at " + std::to_string(inspection.size.height) + "×" + std::to_string(inspection.size.width)},
        {percent_text(real, macs), "of them meet pixels, not padding"},
        {number_text(parameters), "parameters"},
        {std::to_string(dilated), dilated == 1 ? "dilated chain" : "dilated chains"},
        {std::to_string(holes), holes == 1 ? "chain leaves holes" : "chains leave holes"}};
    return html_cards(cards);
}

std::string output_section(const InspectedOutput& output) {
    std::string text = "<h3>" + html_escaped(output.name) + " <small>" + extents_text(output.shape) + "</small></h3>\n";
    text += "<div class=\"chain\">";
    for (const InputField& field : output.fields) {
        if (field.map.empty()) continue;
        text += map_figure(field.map, "Paths from the picture to the output's middle pixel: " +
                                          extents_text({field.map.height, field.map.width}) + " of " +
                                          extents_text({field.picture[0], field.picture[1]}) + " pixels");
    }
    text += "<div>";
    for (const std::string& line : output_words(output)) text += "<p>" + html_escaped(line) + "</p>";
    if (!output.fields.empty() && !output.fields[0].map.empty()) text += legend(output.fields[0].map);
    return text + "</div></div>\n";
}

std::string chain_section(const InspectedChain& chain, size_t index) {
    std::string text = "<section><h3>" + html_escaped(chain_title(chain, index)) + "</h3>\n<p>Rates " +
                       html_escaped(rates_text(chain.axes)) + " ";
    if (!chain.facts) return text + "</p><p>" + html_escaped(chain.refusal) + "</p></section>\n";
    text += badge((*chain.facts)[0].is_covered() ? (*chain.facts)[1] : (*chain.facts)[0]) + "</p>\n";
    text += chain_body(chain.axes, *chain.facts);
    if (chain.dilated) text += "<p>" + html_escaped(dilated_part_text(chain)) + "</p>\n";
    return text + "</section>\n";
}

std::string layers_section(const Inspection& inspection, const std::optional<DilationCosts>& costs) {
    std::vector<std::string> headings{"Operator", "Name",        "Shape",  "Kernel",     ">GMAC",
                                      ">Real",    ">Parameters", ">Bytes", ">Footprint", "Schedule"};
    if (costs) headings.insert(headings.end(), {">Time", ">As if r = 1", ">Ratio"});
    HtmlTable table(headings);
    for (size_t i = 0; i < inspection.layers.size(); ++i) {
        std::vector<std::string> cells = layer_words(inspection.layers[i]);
        if (costs) {
            for (const std::string& cell : cost_words(*costs, i)) cells.push_back(cell);
        }
        table.add(cells);
    }
    std::string text = "<h2>Layers</h2>\n<p>" + html_escaped(totals_text(inspection)) + ".</p>\n";
    if (!inspection.no_schedules.empty())
        text += "<p>No schedules: " + html_escaped(inspection.no_schedules) + "</p>\n";
    if (costs) text += "<p>" + html_escaped(measured_text(*costs)) + "</p>\n";
    for (const std::string& line : checkerboard_words(inspection)) text += "<p>" + html_escaped(line) + ".</p>\n";
    for (const InspectedLayer& layer : inspection.layers) {
        if (layer.phases && layer.phases->is_uneven())
            text += map_figure(phase_map(*layer.phases), "Taps that the outputs of " + layer.cost.name + " get");
    }
    return text + table.text();
}

}  // namespace

std::string html_of(const std::vector<BareChain>& chains) {
    std::string text;
    for (const BareChain& chain : chains) {
        const bool covered = chain.facts[0].is_covered() && chain.facts[1].is_covered();
        text += "<section><h2>Rates " + html_escaped(rates_text(chain.axes)) + " " +
                badge(covered || !chain.facts[0].is_covered() ? chain.facts[0] : chain.facts[1]) + "</h2>\n" +
                chain_body(chain.axes, chain.facts) + "</section>\n";
    }
    return html_page("Dilation rates", "Receptive field, coverage and gridding of a chain of convolutions", text);
}

std::string html_of(const Inspection& inspection, const std::optional<DilationCosts>& costs) {
    std::string text = model_cards(inspection) + "<h2>Outputs</h2>\n";
    for (const InspectedOutput& output : inspection.outputs) text += output_section(output);
    text += "<h2>Chains of convolutions</h2>\n";
    size_t plain = 0;
    for (size_t i = 0; i < inspection.chains.size(); ++i) {
        if (is_dilated(inspection.chains[i]))
            text += chain_section(inspection.chains[i], i);
        else
            ++plain;
    }
    if (plain > 0)
        text += "<p>" + std::to_string(plain) + (plain > 1 ? " chains" : " chain") + " without dilation.</p>\n";
    text += layers_section(inspection, costs);
    return html_page(std::filesystem::path(inspection.file).filename().string(), "What atrous inspect found", text);
}

}  // namespace atrous
