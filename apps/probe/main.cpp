// The program NAME.probe, which the compiler makes of one network for another machine to measure it: nothing else is
// needed there. Prints one line.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <thread>

#include "apps/probe/measure.h"
#include "runtime/error.h"

extern "C" const atrous_network atrous_network_v1;

namespace atrous {

namespace {

struct ProbeArguments {
    ProbeOptions options;
    std::string size;
    int threads = 0;  // 0: as many as there are CPUs
};

void add_options(CLI::App& app, ProbeArguments& arguments) {
    ProbeOptions& options = arguments.options;
    app.add_option("--threads", arguments.threads, "Threads (default: as many as there are CPUs)")
        ->check(CLI::Range(1, 4096).description(""))
        ->type_name("N");
    app.add_option("--repeat", options.repeat, "Timed runs, after one that warms up")
        ->check(CLI::Range(1, 1000000).description(""))
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--size", arguments.size, "Height and width of inputs, where the model leaves them free")
        ->type_name("HxW")
        ->default_str("320x320");
    app.add_option("--seed", options.seed, "Of the random inputs")->type_name("N")->capture_default_str();
    app.add_option("--device", options.network.device,
                   "auto, cpu, cuda or opencl: what the program holds and the machine has")
        ->check(CLI::IsMember({"auto", "cpu", "cuda", "opencl"}).description(""))
        ->type_name("DEVICE")
        ->capture_default_str();
    app.add_option("--target", options.network.target,
                   "Which of the program's targets to use (default: the best that this machine has)")
        ->type_name("T");
}

int run(int count, const char* const* words) {
    const auto library = Library::linked(atrous_network_v1);
    const std::string& name = library->info().name;
    CLI::App app("Measures the network " + name + ", which is in this program, operator by operator.", name + ".probe");
    ProbeArguments arguments;
    add_options(app, arguments);
    app.footer("Example:\n  ./" + name + ".probe --threads 4 --size 320x320");
    try {
        app.parse(count, words);
    } catch (const CLI::CallForHelp&) {
        std::cout << app.help();
        return 0;
    }
    ProbeOptions& options = arguments.options;
    options.threads =
        arguments.threads > 0 ? arguments.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    if (!arguments.size.empty()) options.size = parse_size(arguments.size);
    std::cout << measure(library, options) << std::endl;
    if (!std::cout) throw Error("standard output", "cannot be written");
    return 0;
}

// One line, whatever CLI11 or the network says.
int fail(const char* program, std::string problem) {
    for (char& c : problem) {
        if (c == '\n') c = ' ';
    }
    std::cerr << std::filesystem::path(program).filename().string() << ": error: " << problem << "\n";
    return 1;
}

}  // namespace

}  // namespace atrous

int main(int count, char** words) {
    try {
        return atrous::run(count, words);
    } catch (const std::bad_alloc&) {
        return atrous::fail(words[0], "there is not enough memory");
    } catch (const std::exception& error) {
        return atrous::fail(words[0], error.what());
    }
}
