// The last part of the compiler: compiled kernels, plan and weights become NAME.a, NAME.so, NAME.h and the programs
// NAME, which segments pictures, and NAME.probe, which measures the network on another machine (apps/probe).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "compiler/files.h"

namespace atrous {

// What the libraries are made of. Object files lie in the work folder.
struct Emission {
    std::string name;                               // a C identifier
    std::vector<std::vector<uint8_t>> plans;        // one for CPUs, one for GPUs; whichever there are
    std::vector<size_t> plan_of;                    // of each target; those of a plan stand together
    std::vector<uint8_t> weights;                   // of all plans
    std::string model_sha256, config_json;          // config: "" for none
    std::vector<std::string> targets;               // best first, canonical
    std::vector<std::vector<std::string>> symbols;  // of the kernels' functions, for each target, in its plan's order
    std::vector<std::string> objects;               // that define them; file names in the work folder
    std::filesystem::path support;                  // folder with PLATFORM/executor.o
    bool heap = false;                              // kernels allocate memory, as an autoscheduler's do
};

struct EmittedKinds {
    bool library = true, header = true, shared = true, app = false, probe = false;
};

// Makes the files in the work folder; their names are returned, "NAME.a" … Throws Error. The same emission gives the
// same bytes, whatever folder it is made in.
std::vector<std::string> emit(const Emission& emission, const EmittedKinds& kinds, const WorkFolder& folder);

// Throws Error unless it can begin C identifiers.
void check_name(const std::string& name);
// A model's file name made into such a name.
std::string name_from(const std::filesystem::path& model);

// The file of a plan that tables_text() includes.
std::string plan_file(size_t plan);

// Texts that emit() writes. info: JSON, what NAME_info() returns.
std::string info_text(const Emission& emission);
std::string header_text(const Emission& emission);
std::string tables_text(const Emission& emission);   // assembler: atrous_parts
std::string weights_text(const Emission& emission);  // assembler: NAME_weights

}  // namespace atrous
