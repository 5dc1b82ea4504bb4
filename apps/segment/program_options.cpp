#include "apps/segment/program_options.h"

#include <getopt.h>

#include <algorithm>
#include <stdexcept>

#include "apps/segment/console.h"
#include "runtime/error.h"

namespace atrous {

namespace {

std::string help_line(const std::string& left, const std::string& right) {
    constexpr size_t column = 30;
    std::string line = "  " + left;
    line += line.size() < column ? std::string(column - line.size(), ' ') : "\n" + std::string(column, ' ');
    return line + right + "\n";
}

std::string help_line(const Option& option) {
    std::string left = option.names();
    if (!option.value.empty()) left += " " + option.value;
    if (!option.otherwise.empty()) left += "=" + option.otherwise;
    if (option.repeated) left += " ...";
    if (option.required) left += " REQUIRED";
    return help_line(left, option.help);
}

class Parser {
  public:
    Parser(const std::string& program, const std::vector<Option>& options) : program_(program), options_(options) {
        for (const Option& option : options) {
            if (option.is_positional()) continue;
            const int takes = option.is_flag() ? no_argument : required_argument;
            long_.push_back({option.name.c_str() + 2, takes, nullptr, first_code + index_of(option)});
            if (option.letter) short_ += option.letter;
            if (option.letter && !option.is_flag()) short_ += ':';
        }
        long_.push_back({});
        times_.resize(options.size());
    }

    void run(int count, char* const* arguments) {
        optind = 0;  // from the start, whatever was parsed before
        opterr = 0;
        for (;;) {
            const int at = std::max(optind, 1);
            const int code = getopt_long(count, arguments, short_.c_str(), long_.data(), nullptr);
            if (code == -1) break;
            const std::string word = arguments[at];
            if (code == positional_code) {
                take_positional(word);
            } else if (code == ':') {
                const Option& option = found(optopt);
                refuse(option.name + ": 1 required " + option.value + " missing");
            } else if (code == '?' || !is_whole(word, found(code))) {
                refuse("The following argument was not expected: " + word);
            } else {
                take(found(code), optarg ? optarg : "");
            }
        }
        for (int i = optind; i < count; ++i) take_positional(arguments[i]);  // after --
        for (const Option& option : options_)
            if (option.required && times(option) == 0) refuse(option.name + " is required");
    }

  private:
    // Of getopt_long(): letters stand for themselves.
    static constexpr int positional_code = 1, first_code = 256;

    [[noreturn]] void refuse(const std::string& problem) const {
        throw Error("command line", problem, "see " + program_ + " --help");
    }

    int index_of(const Option& option) const { return static_cast<int>(&option - options_.data()); }
    int& times(const Option& option) { return times_[static_cast<size_t>(index_of(option))]; }

    const Option& found(int code) const {
        if (code >= first_code) return options_[static_cast<size_t>(code - first_code)];
        return *std::ranges::find(options_, code, &Option::letter);
    }

    // getopt_long() takes the beginning of a name for the name, which the next version's options may make ambiguous.
    static bool is_whole(const std::string& word, const Option& option) {
        return !word.starts_with("--") || word.substr(0, word.find('=')) == option.name;
    }

    void take_positional(const std::string& word) {
        const auto option = std::ranges::find_if(options_, &Option::is_positional);
        if (option == options_.end()) refuse("The following argument was not expected: " + word);
        take(*option, word);
    }

    void take(const Option& option, const std::string& value) {
        if (++times(option) > 1 && !option.repeated && !option.is_flag()) refuse(option.name + " is given twice");
        try {
            option.set(value);
        } catch (const std::invalid_argument& error) {
            refuse(option.name + ": " + error.what());
        }
    }

    const std::string& program_;
    const std::vector<Option>& options_;
    std::vector<::option> long_;
    std::string short_ = "-:";  // what stands without a name in its place; a code of its own where a value is missing
    std::vector<int> times_;
};

std::string help_text(const ProgramText& program, const std::vector<Option>& options) {
    std::string positionals, usage, named;
    for (const Option& option : options) {
        if (option.is_positional()) usage += " " + option.name + (option.repeated ? "..." : "");
        (option.is_positional() ? positionals : named) += help_line(option);
    }
    return program.about + "\nUsage: " + program.name + " [OPTIONS]" + usage + "\n\nPositionals:\n" + positionals +
           "\nOptions:\n" + named + "\nExample:\n  " + program.example + "\n";
}

}  // namespace

bool parse_program_options(const ProgramText& program, std::vector<Option> options, int count, char* const* arguments) {
    // As soon as they are read, whatever follows and is missing.
    enum class Asked { nothing, help, version };
    struct Stop {
        Asked asked;
    };
    Option help{"--help", "", "Print this help message and exit", [](const std::string&) { throw Stop{Asked::help}; }};
    help.letter = 'h';
    options.insert(options.begin(), help);
    options.push_back({"--version", "", "Display program version information and exit",
                       [](const std::string&) { throw Stop{Asked::version}; }});
    try {
        Parser(program.name, options).run(count, arguments);
        return true;
    } catch (const Stop& stop) {
        print_result(stop.asked == Asked::help ? help_text(program, options) : program.version + "\n");
        return false;
    }
}

}  // namespace atrous
