// atrous inspect: receptive fields, gridding and cost, of a model or of bare rates; rates that cover fully.
#include <nlohmann/json.hpp>

#include "apps/atrous/inspect_arguments.h"
#include "apps/atrous/inspect_heat_map.h"
#include "apps/atrous/inspect_html.h"
#include "apps/atrous/inspect_json.h"
#include "apps/atrous/inspect_measure.h"
#include "apps/atrous/inspect_text.h"
#include "apps/atrous/verbs.h"
#include "apps/segment/output.h"
#include "compiler/inspect.h"

namespace atrous {

namespace {

void write_picture(const std::filesystem::path& file, const std::vector<CaptionedMap>& maps) {
    if (maps.empty()) throw Error(file.string(), "there is no receptive field to draw", "leave --png out");
    const std::vector<uint8_t> png = encode_png(draw_heat_maps(maps));
    store(file, png.data(), png.size());
}

void write_report(const std::filesystem::path& file, const std::string& html) {
    store(file, html.data(), html.size());
}

void inspect_rates(const InspectArguments& arguments, Console& console) {
    const std::vector<BareChain> chains = bare_chains(arguments);
    if (!arguments.png.empty()) {
        std::vector<CaptionedMap> maps;
        for (const BareChain& chain : chains) maps.push_back(heat_map_of(chain));
        write_picture(arguments.png, maps);
    }
    if (!arguments.html.empty()) write_report(arguments.html, html_of(chains));
    if (arguments.json)
        print_result(json_of(chains));
    else if (!console.quiet())
        print_result(text_of(chains));
}

void inspect_model(const InspectArguments& arguments, Console& console) {
    const Inspection inspection = inspect(inspect_options(arguments));
    std::optional<DilationCosts> costs;
    if (arguments.measure) costs = measure_dilation(inspection, arguments.measuring, console);
    if (!arguments.png.empty()) write_picture(arguments.png, heat_maps_of(inspection));
    if (!arguments.html.empty()) write_report(arguments.html, html_of(inspection, costs));
    if (arguments.json)
        print_result(json_of(inspection, costs));
    else if (!console.quiet())
        print_result(text_of(inspection, costs, console.verbose()));
}

void inspect_suggestions(const InspectArguments& arguments, Console& console) {
    const dilation::SuggestOptions options = suggest_options(arguments);
    const dilation::Suggestions suggestions = dilation::suggest(options);
    if (arguments.json)
        print_result(json_of(options, suggestions));
    else if (!console.quiet())
        print_result(text_of(options, suggestions));
}

}  // namespace

int inspect_verb(int count, const char* const* words, Console& console) {
    CLI::App app(
        "Shows what a network's layers cost, how far its outputs see, and whether its dilation rates leave "
        "holes; or the same of bare rates; or suggests rates.",
        words[0]);
    InspectArguments arguments;
    add_inspect_options(app, arguments);
    if (!parse_arguments(app, count, words)) return 0;
    console.set_verbosity(arguments.verbosity.level());
    check_combination(arguments);
    if (arguments.suggest)
        inspect_suggestions(arguments, console);
    else if (!arguments.rates.empty())
        inspect_rates(arguments, console);
    else
        inspect_model(arguments, console);
    return 0;
}

}  // namespace atrous
