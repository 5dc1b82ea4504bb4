// atrous targets: what --target takes, and which of it runs on this machine.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "apps/atrous/command_line.h"
#include "apps/atrous/devices.h"
#include "apps/atrous/table.h"
#include "apps/atrous/verbs.h"
#include "compiler/level.h"
#include "compiler/support.h"
#include "runtime/abi.h"
#include "schedules/registry.h"

namespace atrous {

namespace {

struct KnownTarget {
    const char *name, *machines;
};

constexpr std::array<KnownTarget, 13> known_targets{{
    {"x86-64-linux", "every 64-bit PC"},
    {"x86-64-linux-sse41", "PCs since 2008"},
    {"x86-64-linux-avx", "PCs since 2011 (Sandy Bridge, Bulldozer)"},
    {"x86-64-linux-avx2-fma", "PCs since 2013 (Haswell, Zen)"},
    {"x86-64-linux-avx512_skylake", "servers since 2017"},
    {"x86-64-linux-avx512_zen4", "Zen 4"},
    {"x86-64-linux-avx512_zen5", "Zen 5"},
    {"x86-64-linux-avx512_sapphirerapids", "Intel's servers since 2023 (Sapphire Rapids)"},
    {"arm-64-linux", "every 64-bit ARM: boards, phones, servers"},
    {"x86-64-linux-cuda", "NVIDIA GPUs since 2018 (Turing)"},
    {"x86-64-linux-cuda-cuda_capability_80", "NVIDIA A100 and later"},
    {"x86-64-linux-cuda-cuda_capability_86", "NVIDIA GPUs since 2020 (Ampere) and later"},
    {"x86-64-linux-opencl", "GPUs with OpenCL and double precision"},
}};

std::set<std::string> features(const std::string& target) {
    std::set<std::string> parts;
    std::istringstream stream(target);
    for (std::string part; std::getline(stream, part, '-');) parts.insert(part);
    return parts;
}

// A GPU that runs code for this target; empty: none.
std::string device_for(const std::string& target) {
    const bool cuda = device_of(target) == ATROUS_DEVICE_CUDA;
    for (const GpuDevice& device : cuda ? cuda_devices() : opencl_devices()) {
        if (device.capability >= static_cast<int>(device_version_of(target))) return device.name;
    }
    return {};
}

bool runs_here(const std::string& target, const std::string& host) {
    const auto wanted = features(target), present = features(host);
    return std::includes(present.begin(), present.end(), wanted.begin(), wanted.end());
}

}  // namespace

int targets_verb(int count, const char* const* arguments, Console& console) {
    CLI::App app("Lists what networks can be compiled for.", arguments[0]);
    VerbosityFlags verbosity;
    bool as_json = false;
    app.add_flag("--json", as_json, "Print the list as JSON");
    add_options(app, verbosity_options(verbosity));
    app.footer("Example:\n  atrous targets\n  atrous compile u2net.onnx --target x86-64-linux-avx2-fma");
    if (!parse_arguments(app, count, arguments)) return 0;
    console.set_verbosity(verbosity.level());

    const std::string host = host_target();
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    Table table({"target", "this build", "this machine", "made for"});
    table.add({"host", "makes", "runs", "this machine: " + host});
    for (const KnownTarget& known : known_targets) {
        const std::string target = canonical_target(known.name);
        const std::string device = is_for_gpu(target) ? device_for(target) : "";
        const bool makes = has_support(known.name), runs = !device.empty() || runs_here(target, host);
        const std::string how = device.empty() ? "runs" : "runs: " + device;
        table.add({known.name, makes ? "makes" : "cannot make", runs ? how : "cannot run", known.machines});
        list.push_back({{"target", known.name},
                        {"canonical", target},
                        {"makes", makes},
                        {"runs_here", runs},
                        {"made_for", known.machines}});
        if (!device.empty()) list.back()["device"] = device;
    }
    if (as_json) {
        print_result(nlohmann::ordered_json{{"host", host}, {"targets", list}});
        return 0;
    }
    print_result(table.text() +
                 "\nSeveral x86 targets, separated by commas, make one library that chooses when it is opened; GPUs "
                 "are tried first.\n"
                 "Other features of Halide's target strings can be added to these.\n");
    return 0;
}

}  // namespace atrous
