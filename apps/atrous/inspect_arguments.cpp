#include "apps/atrous/inspect_arguments.h"

#include <charconv>
#include <string_view>

#include "apps/atrous/picture_size.h"
#include "runtime/error.h"

namespace atrous {

void add_inspect_options(CLI::App& app, InspectArguments& arguments) {
    app.add_option("MODEL", arguments.model, "The ONNX file")->type_name("");
    app.add_option("--size", arguments.size,
                   "Height and width in pixels, where the model leaves them free (default: 320x320)")
        ->type_name("HxW");
    app.add_option("--target", arguments.target, "Whose schedules to show (default: host); see `atrous targets`")
        ->type_name("T");
    app.add_flag("--measure", arguments.measure, "Run each dilated layer as it is and as if its rate were 1");
    app.add_option("--rates", arguments.rates,
                   "Dilation rates of a chain with commas between, first layer first; RxR for height and width apart; "
                   "several of these options are shown side by side")
        ->allow_extra_args(false)
        ->type_name("R[,R…]");
    app.add_option("--kernel", arguments.kernel, "Kernel size: one for all layers, or one a layer; HxW (default: 3)")
        ->type_name("K[,K…]");
    app.add_option("--stride", arguments.stride, "Strides, as --kernel (default: 1)")->type_name("S[,S…]");
    app.add_flag("--suggest", arguments.suggest, "List rates that read their whole field, for --kernel and --layers");
    app.add_option("--layers", arguments.layers, "Layers to suggest rates for")->type_name("N");
    app.add_option("--field", arguments.field, "Suggest rates for exactly this receptive field")->type_name("F");
    app.add_option("--list", arguments.list, "Suggestions to list")
        ->check(CLI::Range(1, 1000000).description(""))
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--html", arguments.html, "Write a report in one file, with heat maps")->type_name("FILE");
    app.add_option("--png", arguments.png, "Write the heat maps of paths")->type_name("FILE");
    add_options(app, {threads_option(arguments.measuring.threads)});
    app.add_option("--cache", arguments.measuring.cache, "Where --measure keeps what it compiles (default: the user's)")
        ->type_name("DIR");
    app.add_flag("--json", arguments.json, "Print everything as JSON");
    add_options(app, verbosity_options(arguments.verbosity));
    app.footer(
        "Example:\n  atrous inspect deeplab.onnx --html report.html\n"
        "  atrous inspect --rates 1,2,5,1,2,5 --kernel 3\n"
        "  atrous inspect --suggest --kernel 3 --layers 6 --field 33");
}

namespace {

[[noreturn]] void refuse(const std::string& problem, const std::string& advice) {
    throw Error("command line", problem, advice);
}

}  // namespace

void check_combination(const InspectArguments& arguments) {
    const bool model = !arguments.model.empty(), rates = !arguments.rates.empty();
    if (model + rates + arguments.suggest != 1) {
        refuse(model || rates || arguments.suggest ? "a model, --rates and --suggest exclude each other"
                                                   : "a model, --rates or --suggest is missing",
               "see atrous inspect --help");
    }
    const struct {
        const char* option;
        bool given, fits;
        const char* belongs;
    } options[] = {{"--kernel", !arguments.kernel.empty(), !model, "--rates or --suggest"},
                   {"--stride", !arguments.stride.empty(), rates, "--rates"},
                   {"--layers", !arguments.layers.empty(), arguments.suggest, "--suggest"},
                   {"--field", !arguments.field.empty(), arguments.suggest, "--suggest"},
                   {"--size", !arguments.size.empty(), model, "a model"},
                   {"--target", !arguments.target.empty(), model, "a model"},
                   {"--measure", arguments.measure, model, "a model"},
                   {"--html", !arguments.html.empty(), !arguments.suggest, "a model or --rates"},
                   {"--png", !arguments.png.empty(), !arguments.suggest, "a model or --rates"}};
    for (const auto& option : options) {
        if (option.given && !option.fits)
            refuse(std::string(option.option) + " belongs to " + option.belongs, "leave it out");
    }
    if (arguments.suggest && arguments.layers.empty()) refuse("--suggest needs --layers", "add --layers N");
}

namespace {

int64_t parse_number(const std::string& option, std::string_view text) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range)
        throw Error(option, "'" + std::string(text) + "' is too large a number", "use a smaller one");
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
        throw Error(option, "'" + std::string(text) + "' is no whole number", "write it like 1,2,5 or 1x2,3x4");
    return number;
}

// "3" or "3x5": height and width.
std::array<int64_t, 2> parse_entry(const std::string& option, std::string_view text) {
    const size_t separator = text.find('x');
    const int64_t height = parse_number(option, text.substr(0, separator));
    return {height, separator == std::string_view::npos ? height : parse_number(option, text.substr(separator + 1))};
}

std::vector<std::array<int64_t, 2>> parse_list(const std::string& option, const std::string& text, int64_t most) {
    std::vector<std::array<int64_t, 2>> list;
    std::string_view rest = text;
    while (true) {
        const size_t comma = rest.find(',');
        list.push_back(parse_entry(option, rest.substr(0, comma)));
        for (const int64_t number : list.back()) {
            if (number >= 1 && number <= most) continue;
            throw Error(option, std::to_string(number) + " is out of range, expected 1 to " + std::to_string(most));
        }
        if (comma == std::string_view::npos) return list;
        rest.remove_prefix(comma + 1);
    }
}

// One entry for every layer, from one for all or one each.
std::vector<std::array<int64_t, 2>> per_layer(const std::string& option, const std::string& text, int64_t otherwise,
                                              int64_t most, size_t layers) {
    std::vector<std::array<int64_t, 2>> list{{otherwise, otherwise}};
    if (!text.empty()) list = parse_list(option, text, most);
    if (list.size() == 1) list.resize(layers, list[0]);
    if (list.size() == layers) return list;
    throw Error(option, std::to_string(list.size()) + " numbers for " + std::to_string(layers) + " rates",
                "give one for all, or one for each");
}

BareChain bare_chain(const std::string& rates, const InspectArguments& arguments) {
    using namespace dilation;
    BareChain chain{rates, {}, {}};
    const auto list = parse_list("--rates", rates, largest_rate);
    if (list.size() > static_cast<size_t>(most_layers)) {
        throw Error("--rates", std::to_string(list.size()) + " rates, expected at most " + std::to_string(most_layers));
    }
    const auto kernels = per_layer("--kernel", arguments.kernel, 3, largest_kernel, list.size());
    const auto strides = per_layer("--stride", arguments.stride, 1, largest_rate, list.size());
    for (size_t axis = 0; axis < 2; ++axis) {
        for (size_t i = 0; i < list.size(); ++i)
            chain.axes[axis].push_back({kernels[i][axis], list[i][axis], strides[i][axis]});
        chain.facts[axis] = analyse(chain.axes[axis]);
    }
    return chain;
}

}  // namespace

std::vector<BareChain> bare_chains(const InspectArguments& arguments) {
    std::vector<BareChain> chains;
    for (const std::string& rates : arguments.rates) chains.push_back(bare_chain(rates, arguments));
    return chains;
}

InspectOptions inspect_options(const InspectArguments& arguments) {
    InspectOptions options;
    options.model = arguments.model;
    if (!arguments.target.empty()) options.target = arguments.target;
    if (arguments.size.empty()) return options;
    const PictureSize size = parse_size(arguments.size);
    options.height = size.height;
    options.width = size.width;
    return options;
}

dilation::SuggestOptions suggest_options(const InspectArguments& arguments) {
    dilation::SuggestOptions options;
    if (!arguments.kernel.empty()) options.kernel = parse_number("--kernel", arguments.kernel);
    options.layers = parse_number("--layers", arguments.layers);
    if (!arguments.field.empty()) options.field = parse_number("--field", arguments.field);
    options.list = static_cast<size_t>(arguments.list);
    return options;
}

}  // namespace atrous
