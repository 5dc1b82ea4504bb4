// What `atrous segment` and every emitted program take on their command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
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

void add_verbosity(CLI::App& app, VerbosityFlags& flags);
void add_network_choice(CLI::App& app, NetworkChoice& choice);  // --device, --target
void add_threads(CLI::App& app, int& threads);
void add_segment_options(CLI::App& app, SegmentOptions& options);

int thread_count(int asked);

// Parses; nullopt-like: returns true when the verb is to run, false when help or the version was asked for and printed.
// Throws Error in our own words for what CLI11 refuses.
bool parse_arguments(CLI::App& app, int count, const char* const* arguments);

}  // namespace atrous
