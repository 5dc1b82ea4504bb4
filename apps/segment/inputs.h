// What to segment: files, folders and lists on stdin become a list of pictures, each with the place in the output tree
// that mirrors where it was found.
//
// - One folder given: places are relative to it. Several: each folder's name comes first.
// - Files named one by one: places are relative to the folder that they have in common.
#pragma once

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace atrous {

// Strings, not paths: a long folder has many of these.
struct Input {
    std::string file;     // as the user would name it
    std::string place;    // relative to the output folder; outputs are `place` plus a suffix
    std::string problem;  // not empty: cannot be read, found out while looking (a folder without permission)
};

struct Inputs {
    std::vector<Input> pictures;
    size_t ignored = 0;  // files in folders that are no pictures
};

// `-` among the arguments stands for the paths on `list`, one a line. The output folder is never scanned. Throws Error
// when two inputs would have the same outputs.
Inputs find_inputs(const std::vector<std::string>& arguments, std::FILE* list, const std::filesystem::path& output);

}  // namespace atrous
