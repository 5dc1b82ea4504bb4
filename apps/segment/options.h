// What `atrous segment` and every emitted program take on their command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/segment/console.h"
#include "runtime/library.h"

namespace atrous {

enum class Format { mask, cutout, labels, overlay, probabilities };

const char* format_name(Format format);    // "mask"
const char* format_suffix(Format format);  // ".mask.png"

struct SegmentOptions {
    std::vector<std::string> inputs;
    std::filesystem::path directory;
    std::vector<std::string> formats;  // names; empty: what suits the network
    NetworkChoice network;
    int threads = 0;  // 0: as many as there are CPUs
    int64_t max_pixels = int64_t{1} << 28;
    bool fail_fast = false, json = false;
};

// --quiet and --verbose.
struct VerbosityFlags {
    bool quiet = false, verbose = false;
    Verbosity level() const;  // throws Error for both
};

// What may stand on a command line. `atrous` hands it to CLI11 (apps/atrous/command_line.h), an emitted program to the
// C library's getopt_long() (program_options.h): CLI11 with the streams and locales it needs would be a fifth of what
// such a program has beside its weights.
struct Option {
    std::string name;   // "--threads"; "INPUT", of what stands without a name
    std::string value;  // what its value is called; "" for a flag
    std::string help;
    std::function<void(const std::string&)> set;  // with each value, "" for a flag; throws std::invalid_argument
    std::string otherwise = "";                   // the value without it, where the help text is to say that
    char letter = 0;                              // 'o' of -o
    bool required = false, repeated = false;

    bool is_positional() const { return !name.starts_with('-'); }
    bool is_flag() const { return !is_positional() && value.empty(); }
    std::string names() const;  // "-o,--output"
};

// They set what they are given when the command line is parsed.
std::vector<Option> segment_options(SegmentOptions& options);
std::vector<Option> verbosity_options(VerbosityFlags& flags);
std::vector<Option> network_options(NetworkChoice& choice);  // --device, --target
Option threads_option(int& threads);

int thread_count(int asked);

}  // namespace atrous
