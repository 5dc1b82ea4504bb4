// atrous VERB …: trained segmentation networks to native code, and what is done with it.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "apps/atrous/verbs.h"
#include "apps/segment/program.h"
#include "runtime/error.h"
#include "schedules/registry.h"

namespace atrous {

namespace {

struct VerbFacts {
    const char *name, *what;
    Verb verb;
};

constexpr std::array<VerbFacts, 6> verbs{{
    {"compile", "turns an ONNX model into a library, a C header, a program", compile_verb},
    {"segment", "segments pictures with a compiled network or an ONNX model", segment_verb},
    {"run", "runs a network on raw tensors, for checking and timing", run_verb},
    {"inspect", "shows receptive fields, gridding and cost of a network or of dilation rates", inspect_verb},
    {"tune", "searches for faster schedules by measuring, for `compile --tuning`", tune_verb},
    {"targets", "lists what can be compiled for", targets_verb},
}};

std::string usage() {
    std::string text = "Usage: atrous VERB …\n\nVerbs:\n";
    for (const VerbFacts& verb : verbs) {
        text +=
            "  " + std::string(verb.name) + std::string(9 - std::string_view(verb.name).size(), ' ') + verb.what + "\n";
    }
    return text +
           "\natrous VERB --help tells more about each; atrous --version tells what this program is made of.\n"
           "Exit codes: 0 done · 1 done, but some inputs failed · 2 a command, model or file that cannot be used, or "
           "no "
           "room · 130 interrupted\n"
           "\nExample:\n  atrous segment --model u2net.onnx photos/ -o masks/\n";
}

std::string version() {
    return "atrous " ATROUS_VERSION "\nHalide " + halide_version() + "\nLLVM " + llvm_version() + "\nbuild target " +
           ATROUS_BUILD_TARGET + "\n";
}

std::string verb_list() {
    std::string list;
    for (const VerbFacts& verb : verbs) list += (list.empty() ? "" : ", ") + std::string(verb.name);
    return list;
}

int dispatch(int count, char** arguments, Console& console) {
    const std::string_view first = count > 1 ? arguments[1] : "";
    if (first == "--help" || first == "-h" || first == "help") {
        print_result(usage());
        return 0;
    }
    if (first == "--version") {
        print_result(version());
        return 0;
    }
    if (first.empty())
        throw Error("command line", "a verb is missing, expected one of " + verb_list(), "see atrous --help");
    for (const VerbFacts& verb : verbs) {
        if (first != verb.name) continue;
        const std::string program = "atrous " + std::string(first);
        std::vector<const char*> rest(arguments + 1, arguments + count);
        rest[0] = program.c_str();
        return verb.verb(static_cast<int>(rest.size()), rest.data(), console);
    }
    throw Error("command line", "'" + std::string(first) + "' is no verb, expected one of " + verb_list(),
                "see atrous --help");
}

}  // namespace

}  // namespace atrous

int main(int count, char** arguments) {
    atrous::Console console("atrous");
    return atrous::run_program(console, [&] { return atrous::dispatch(count, arguments, console); });
}
