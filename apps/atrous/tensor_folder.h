// A folder of named tensors: NAME.npy each, with characters that file names do not like replaced, and index.json, an
// object from tensor name to file name in graph order. A folder without index.json (another runtime's) is read by file
// names.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/library.h"

namespace atrous {

void write_tensor_folder(const std::filesystem::path& folder, const std::vector<TensorInfo>& infos,
                         const std::vector<Tensor>& tensors);  // throws OutputError

class TensorFolder {
  public:
    explicit TensorFolder(std::filesystem::path folder);  // throws Error: no folder, an index that makes no sense
    std::optional<std::filesystem::path> find(const std::string& tensor) const;

  private:
    std::filesystem::path folder_;
    std::map<std::string, std::string> index_;  // tensor → file
    bool indexed_ = false;
};

// Equal where |ours − theirs| ≤ atol + rtol · |theirs|. A NaN equals a NaN alone.
struct Tolerance {
    double absolute = 1e-4, relative = 1e-4;
};

struct Difference {
    std::string tensor;
    std::vector<int64_t> shape, their_shape;  // different shapes: nothing else was compared
    size_t elements = 0, beyond = 0;          // beyond the tolerance
    double largest_absolute = 0, largest_relative = 0;
    size_t worst = 0;  // element of the largest absolute difference, and both values there
    double ours = 0, theirs = 0;
};

struct Comparison {
    size_t equal = 0, missing = 0;    // tensors before the difference that agree, that the folder lacks
    std::optional<Difference> first;  // in graph order
};

// Throws Error when the folder has none of the tensors, or one that cannot be read.
Comparison compare_with_folder(const std::filesystem::path& folder, const std::vector<TensorInfo>& infos,
                               const std::vector<Tensor>& tensors, const Tolerance& tolerance);

}  // namespace atrous
