// The program that `atrous compile --emit app` makes: this main() and one network, linked together.
#include <iostream>

#include "apps/segment/program.h"
#include "apps/segment/segment.h"

extern "C" const atrous_network atrous_network_v1;

namespace atrous {

namespace {

int run(int count, const char* const* arguments, Console& console) {
    const auto library = Library::linked(atrous_network_v1);
    const LibraryInfo& info = library->info();
    CLI::App app("Segments pictures with the network " + info.name + ", which is in this program.", info.name);
    SegmentOptions options;
    VerbosityFlags verbosity;
    add_segment_options(app, options);
    add_verbosity(app, verbosity);
    std::string targets;
    for (const std::string& target : info.targets) targets += (targets.empty() ? "" : ", ") + target;
    app.set_version_flag("--version", info.name + ", made with Atrous " ATROUS_VERSION " for " + targets);
    app.footer("Example:\n  " + info.name + " photos/ -o masks/");
    if (!parse_arguments(app, count, arguments)) return 0;
    console.set_verbosity(verbosity.level());
    const OpenNetwork network(library, options.network);
    ThreadPool pool;
    return segment(network, info.name, options, std::cin, console, pool);
}

}  // namespace

}  // namespace atrous

int main(int count, char** arguments) {
    const std::string program = std::filesystem::path(count > 0 ? arguments[0] : "").filename().string();
    atrous::Console console(program);
    return atrous::run_program(console, [&] { return atrous::run(count, arguments, console); });
}
