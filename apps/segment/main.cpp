// The program that `atrous compile --emit app` makes: this main() and one network, linked together.
#include "apps/segment/program.h"
#include "apps/segment/program_options.h"
#include "apps/segment/segment.h"

extern "C" const atrous_network atrous_network_v1;

namespace atrous {

namespace {

int run(int count, char* const* arguments, Console& console) {
    const auto library = Library::linked(atrous_network_v1);
    const LibraryInfo& info = library->info();
    std::string targets;
    for (const std::string& target : info.targets) targets += (targets.empty() ? "" : ", ") + target;
    SegmentOptions options;
    VerbosityFlags verbosity;
    std::vector<Option> all = segment_options(options);
    for (Option& option : verbosity_options(verbosity)) all.push_back(std::move(option));
    const ProgramText text{info.name, "Segments pictures with the network " + info.name + ", which is in this program.",
                           info.name + " photos/ -o masks/",
                           info.name + ", made with Atrous " ATROUS_VERSION " for " + targets};
    if (!parse_program_options(text, std::move(all), count, arguments)) return 0;
    console.set_verbosity(verbosity.level());
    const OpenNetwork network(library, options.network);
    ThreadPool pool;
    return segment(network, info.name, options, stdin, console, pool);
}

}  // namespace

}  // namespace atrous

int main(int count, char** arguments) {
    const std::string program = std::filesystem::path(count > 0 ? arguments[0] : "").filename().string();
    atrous::Console console(program);
    return atrous::run_program(console, [&] { return atrous::run(count, arguments, console); });
}
