#include "apps/atrous/command_line.h"

#include <stdexcept>

#include "runtime/error.h"

namespace atrous {

namespace {

void set(const Option& option, const std::string& value) {
    try {
        option.set(value);
    } catch (const std::invalid_argument& error) {
        throw CLI::ValidationError(option.name, error.what());
    }
}

void add_option(CLI::App& app, const Option& option) {
    if (option.is_flag()) {
        app.add_flag_callback(
            option.names(), [option] { set(option, ""); }, option.help);
        return;
    }
    const auto set_all = [option](const CLI::results_t& values) {
        for (const std::string& value : values) set(option, value);
        return true;
    };
    CLI::Option* added = app.add_option(option.names(), set_all, option.help);
    added->type_name(option.value)->required(option.required)->default_str(option.otherwise);
    if (option.repeated)
        added->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args(option.is_positional());
}

}  // namespace

void add_options(CLI::App& app, const std::vector<Option>& options) {
    for (const Option& option : options) add_option(app, option);
}

bool parse_arguments(CLI::App& app, int count, const char* const* arguments) {
    try {
        app.parse(count, arguments);
        return true;
    } catch (const CLI::CallForHelp&) {
        print_result(app.help());
    } catch (const CLI::CallForVersion& version) {
        print_result(std::string(version.what()) + "\n");
    } catch (const CLI::ParseError& error) {
        throw Error("command line", error.what(), "see " + app.get_name() + " --help");
    }
    return false;
}

}  // namespace atrous
