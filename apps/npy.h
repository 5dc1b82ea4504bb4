// NumPy's .npy files (format versions 1 to 3, numpy/lib/format.py), for the element types of runtime/abi.h. In memory
// tensors are dense and row-major, whatever order or byte order the file has.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/library.h"

namespace atrous {

// Throws Error: not a .npy file, an element type that is not ours, cut short, a header that makes no sense.
Tensor read_npy(const std::filesystem::path& file);

// The bytes before the data; version 1.0, padded to 64 bytes as NumPy does.
std::string npy_header(int32_t type, const std::vector<int64_t>& shape);

// As runtime/image.h's write_file does. Throws OutputError.
void write_npy(const std::filesystem::path& file, int32_t type, const std::vector<int64_t>& shape, const void* data);

std::string shape_text(const std::vector<int64_t>& shape);  // "1×3×320×320"; "scalar"
std::string shape_text(const TensorInfo& tensor);           // free dimensions by their names, "?" for those without

}  // namespace atrous
