// `--input` and `-o` of `atrous run`: files for a network's tensors, by name or in order.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/library.h"

namespace atrous {

struct NamedFile {
    size_t index;  // of the network's inputs or outputs
    std::filesystem::path file;
};

// `name=file` where the network has a tensor of this name, else a file for the next one; `order` lists the tensors in
// the order in which they take files without a name. Throws Error: too many, or two for one tensor. Messages name the
// model's file (`subject`) and the option.
std::vector<NamedFile> assign_files(const std::vector<std::string>& arguments, const std::vector<TensorInfo>& tensors,
                                    const std::vector<size_t>& order, const std::string& option,
                                    const std::string& subject);

// All inputs of a network. Throws Error: one is missing, cannot be read, or is not what the network takes.
std::vector<Tensor> read_inputs(const std::vector<std::string>& arguments, const LibraryInfo& info,
                                const std::string& subject);

}  // namespace atrous
