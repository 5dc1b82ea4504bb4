#include "compiler/emit.h"

#include <algorithm>
#include <cctype>

#include "compiler/level.h"
#include "compiler/tool.h"
#include "runtime/abi.h"
#include "runtime/error.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

// The functions of abi.h, as the executor (network_entry.cpp) calls them after "atrous_".
constexpr const char* exported[] = {"open",    "output_shape", "workspace_size", "run",       "close",
                                    "message", "info",         "target",         "network_v1"};

std::string_view text_of(const std::vector<uint8_t>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Toolchain toolchain_of(const Emission& emission) {
    return toolchain_for(platform_of(emission.targets.front()));
}

fs::path support_file(const Emission& emission, const std::string& name) {
    const std::string platform = platform_of(emission.targets.front());
    const fs::path file = emission.support / platform / name;
    if (fs::is_regular_file(file)) return file;
    throw Error(file.string(), "is missing: this Atrous cannot make libraries for " + platform,
                "build it with `./dev build`, or choose another --target");
}

bool has_gpu_code(const Emission& emission) {
    return std::any_of(emission.targets.begin(), emission.targets.end(), is_for_gpu);
}

void assemble(const Emission& emission, const std::string& source, const std::string& object,
              const WorkFolder& folder) {
    run_tool({toolchain_of(emission).as, "--fatal-warnings", "-o", object, source}, folder.path());
    fs::remove(folder / source);
}

// The weights: only ever copied whole, they are large.
void make_weights_object(const Emission& emission, const WorkFolder& folder) {
    create_file(folder / "weights.bin", text_of(emission.weights));
    create_file(folder / "weights.s", weights_text(emission));
    assemble(emission, "weights.s", emission.name + "_weights.o", folder);
    fs::remove(folder / "weights.bin");
}

// Everything else in one object, in which only the network's own names are global.
void make_network_object(const Emission& emission, const WorkFolder& folder) {
    for (size_t plan = 0; plan < emission.plans.size(); ++plan)
        create_file(folder / plan_file(plan), text_of(emission.plans[plan]));
    create_file(folder / "info.json", info_text(emission));
    create_file(folder / "tables.s", tables_text(emission));
    assemble(emission, "tables.s", "tables.o", folder);

    std::string objects = "tables.o\n";
    std::vector<std::string> parts{"executor.o"};
    if (has_gpu_code(emission)) parts.emplace_back("gpu.o");
    if (emission.heap) parts.emplace_back("kernel_heap.o");
    for (const std::string& part : parts) {
        fs::copy_file(support_file(emission, part), folder / part);
        objects += part + "\n";
    }
    for (const std::string& object : emission.objects) objects += object + "\n";
    create_file(folder / "objects.txt", objects);
    run_tool({toolchain_of(emission).ld, "-r", "--force-group-allocation", "-o", "all.o", "@objects.txt"},
             folder.path());

    std::vector<std::string> rename{toolchain_of(emission).objcopy};
    for (const char* symbol : exported) {
        const std::string ours = emission.name + "_" + symbol;
        rename.insert(rename.end(),
                      {"--redefine-sym", std::string("atrous_") + symbol + "=" + ours, "--keep-global-symbol", ours});
    }
    rename.insert(rename.end(), {"all.o", emission.name + ".o"});
    run_tool(rename, folder.path());
}

void make_archive(const Emission& emission, const WorkFolder& folder) {
    run_tool(
        {toolchain_of(emission).ar, "rcsD", emission.name + ".a", emission.name + ".o", emission.name + "_weights.o"},
        folder.path());
}

std::string alias_option(const Emission& emission) {
    return "-Wl,--defsym=" ATROUS_NETWORK_SYMBOL "=" + emission.name + "_network_v1";
}

void make_shared(const Emission& emission, const WorkFolder& folder) {
    std::string exports = "{\n  global:\n    " ATROUS_NETWORK_SYMBOL ";\n";
    for (const char* symbol : exported) exports += "    " + emission.name + "_" + symbol + ";\n";
    create_file(folder / "exports.map", exports + "  local: *;\n};\n");
    run_tool({toolchain_of(emission).cc, "-shared", "-o", emission.name + ".so", emission.name + ".o",
              emission.name + "_weights.o", "-Wl,--version-script=exports.map", alias_option(emission),
              "-Wl,-z,defs,-z,relro,-z,now,-z,noexecstack", "-Wl,--hash-style=gnu,--build-id=none", "-lpthread", "-ldl",
              "-lm"},
             folder.path());
}

// A program around this network, with the main() of a support archive. Static, so that it needs nothing where it runs;
// but a GPU's driver is a shared library of that machine, and comes with its C library.
void make_program(const Emission& emission, const std::string& program, const char* main_archive,
                  const WorkFolder& folder) {
    const auto archive = [&](const char* name) { return fs::absolute(support_file(emission, name)).string(); };
    std::vector<std::string> command{toolchain_of(emission).cxx};
    if (has_gpu_code(emission)) {
        command.insert(command.end(), {"-static-libstdc++", "-static-libgcc"});
    } else {
        command.emplace_back("-static");
    }
    command.insert(command.end(), {"-o", program, archive(main_archive), emission.name + ".o",
                                   emission.name + "_weights.o", archive("libatrous.a"), alias_option(emission),
                                   "-Wl,--build-id=none,--gc-sections", "-s", "-lpthread", "-ldl", "-lm"});
    run_tool(command, folder.path());
}

}  // namespace

std::vector<std::string> emit(const Emission& emission, const EmittedKinds& kinds, const WorkFolder& folder) {
    std::vector<std::string> files;
    if (kinds.header) {
        files.push_back(emission.name + ".h");
        create_file(folder / files.back(), header_text(emission));
    }
    if (!kinds.library && !kinds.shared && !kinds.app && !kinds.probe) return files;
    make_network_object(emission, folder);
    make_weights_object(emission, folder);
    if (kinds.library) {
        files.push_back(emission.name + ".a");
        make_archive(emission, folder);
    }
    if (kinds.shared) {
        files.push_back(emission.name + ".so");
        make_shared(emission, folder);
    }
    if (kinds.app) {
        files.push_back(emission.name);
        make_program(emission, files.back(), "libatrous_app.a", folder);
    }
    if (kinds.probe) {
        files.push_back(emission.name + ".probe");
        make_program(emission, files.back(), "libatrous_probe.a", folder);
    }
    return files;
}

void check_name(const std::string& name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    bool valid = !name.empty() && name.size() <= 128 && letter(name.front());
    for (char c : name) valid = valid && (letter(c) || digit(c));
    if (!valid) {
        throw Error(name, "cannot be a network's name, expected a C identifier",
                    "choose letters, digits and underscores with --name");
    }
}

std::string name_from(const fs::path& model) {
    std::string name = model.stem().string().substr(0, 128);
    for (char& c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 128) c = '_';
    }
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front()))) name.insert(0, "net_");
    return name;
}

}  // namespace atrous
