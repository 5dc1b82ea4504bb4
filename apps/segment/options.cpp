#include "apps/segment/options.h"

#include <array>
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

void add_verbosity(CLI::App& app, VerbosityFlags& flags) {
    app.add_flag("--quiet", flags.quiet, "Say nothing but errors");
    app.add_flag("--verbose", flags.verbose, "Say more");
}

void add_network_choice(CLI::App& app, NetworkChoice& choice) {
    app.add_option("--device", choice.device, "auto, cpu, cuda or opencl: what the library holds and the machine has")
        ->type_name("DEVICE")
        ->check(CLI::IsMember({"auto", "cpu", "cuda", "opencl"}).description(""))
        ->capture_default_str();
    app.add_option("--target", choice.target,
                   "Which of the library's targets to use (default: the best that this machine has)")
        ->type_name("T");
}

void add_threads(CLI::App& app, int& threads) {
    app.add_option("--threads", threads, "Threads (default: as many as there are CPUs)")
        ->check(CLI::Range(1, 4096).description(""))
        ->type_name("N");
}

void add_segment_options(CLI::App& app, SegmentOptions& options) {
    app.add_option("INPUT", options.inputs, "Pictures, folders (with all below them), or - for paths on stdin")
        ->required()
        ->type_name("");
    app.add_option("-o,--output", options.directory, "Folder for the results; mirrors the input")
        ->required()
        ->type_name("DIR");
    app.add_option("--format", options.formats,
                   "mask, cutout, labels, overlay, probabilities; several with commas (default: mask for one channel, "
                   "labels for classes)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::IsMember({"mask", "cutout", "labels", "overlay", "probabilities"}).description(""))
        ->type_name("FORMAT");
    add_threads(app, options.threads);
    add_network_choice(app, options.network);
    app.add_option("--max-pixels", options.max_pixels, "Refuse pictures of more pixels than this")
        ->check(CLI::Range(int64_t{1}, int64_t{1} << 40).description(""))
        ->type_name("N")
        ->capture_default_str();
    app.add_flag("--fail-fast", options.fail_fast, "Stop at the first picture that fails");
    app.add_flag("--json", options.json, "Print the summary as JSON");
}

int thread_count(int asked) {
    if (asked > 0) return asked;
    const unsigned found = std::thread::hardware_concurrency();
    return found == 0 ? 1 : static_cast<int>(found);
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
