#include "apps/segment/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <thread>

#include "runtime/error.h"

namespace atrous {

namespace {

struct FormatFacts {
    const char *name, *suffix;
};

constexpr std::array<FormatFacts, 5> format_table{{{"mask", ".mask.png"},
                                                   {"cutout", ".cutout.png"},
                                                   {"labels", ".labels.png"},
                                                   {"overlay", ".overlay.png"},
                                                   {"probabilities", ".probabilities.npy"}}};

Option flag(const char* name, const char* help, bool& value) {
    return {name, "", help, [&value](const std::string&) { value = true; }};
}

void require_one_of(const std::vector<std::string>& words, const std::string& text) {
    if (std::find(words.begin(), words.end(), text) != words.end()) return;
    std::string list;
    for (const std::string& word : words) list += (list.empty() ? "" : ",") + word;
    throw std::invalid_argument(text + " not in {" + list + "}");
}

int64_t number_in(const std::string& text, int64_t least, int64_t most) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
        throw std::invalid_argument("Value " + text + " not in range " + std::to_string(least) + " to " +
                                    std::to_string(most));
    }
    return number;
}

void append_formats(const std::string& list, std::vector<std::string>& formats) {
    std::vector<std::string> known;
    for (const FormatFacts& format : format_table) known.emplace_back(format.name);
    for (size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
        end = list.find(',', begin);
        const std::string format = list.substr(begin, end == std::string::npos ? end : end - begin);
        require_one_of(known, format);
        formats.push_back(format);
    }
}

}  // namespace

const char* format_name(Format format) {
    return format_table[static_cast<size_t>(format)].name;
}
const char* format_suffix(Format format) {
    return format_table[static_cast<size_t>(format)].suffix;
}

Verbosity VerbosityFlags::level() const {
    if (quiet && verbose) throw Error("command line", "--quiet and --verbose exclude each other", "leave one out");
    return quiet ? Verbosity::quiet : verbose ? Verbosity::verbose : Verbosity::normal;
}

std::string Option::names() const {
    return (letter ? std::string{'-', letter, ','} : "") + name;
}

std::vector<Option> verbosity_options(VerbosityFlags& flags) {
    return {flag("--quiet", "Say nothing but errors", flags.quiet), flag("--verbose", "Say more", flags.verbose)};
}

std::vector<Option> network_options(NetworkChoice& choice) {
    return {{"--device", "DEVICE", "auto, cpu, cuda or opencl: what the library holds and the machine has",
             [&](const std::string& text) {
                 require_one_of({"auto", "cpu", "cuda", "opencl"}, text);
                 choice.device = text;
             },
             choice.device},
            {"--target", "T", "Which of the library's targets to use (default: the best that this machine has)",
             [&](const std::string& text) { choice.target = text; }}};
}

Option threads_option(int& threads) {
    return {"--threads", "N", "Threads (default: as many as there are CPUs)",
            [&](const std::string& text) { threads = static_cast<int>(number_in(text, 1, 4096)); }};
}

std::vector<Option> segment_options(SegmentOptions& options) {
    Option inputs{"INPUT", "", "Pictures, folders (with all below them), or - for paths on stdin",
                  [&](const std::string& text) { options.inputs.push_back(text); }};
    inputs.required = inputs.repeated = true;
    Option directory{"--output", "DIR", "Folder for the results; mirrors the input",
                     [&](const std::string& text) { options.directory = text; }};
    directory.letter = 'o';
    directory.required = true;
    Option formats{"--format", "FORMAT",
                   "mask, cutout, labels, overlay, probabilities; several with commas (default: mask for one channel, "
                   "labels for classes)",
                   [&](const std::string& text) { append_formats(text, options.formats); }};
    formats.repeated = true;
    std::vector<Option> all{inputs, directory, formats, threads_option(options.threads)};
    for (Option& option : network_options(options.network)) all.push_back(std::move(option));
    all.push_back({"--max-pixels", "N", "Refuse pictures of more pixels than this",
                   [&](const std::string& text) { options.max_pixels = number_in(text, 1, int64_t{1} << 40); },
                   std::to_string(options.max_pixels)});
    all.push_back(flag("--fail-fast", "Stop at the first picture that fails", options.fail_fast));
    all.push_back(flag("--json", "Print the summary as JSON", options.json));
    return all;
}

int thread_count(int asked) {
    if (asked > 0) return asked;
    const unsigned found = std::thread::hardware_concurrency();
    return found == 0 ? 1 : static_cast<int>(found);
}

}  // namespace atrous
