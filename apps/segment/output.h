// Writing results. What cannot be written ends the run: the next picture would fare no better.
#pragma once

#include <filesystem>

#include "runtime/error.h"

namespace atrous {

// No room or no permission where results go.
class OutputError : public Error {
  public:
    using Error::Error;
};

void make_folder(const std::filesystem::path& folder);  // with those above it; throws OutputError
void store(const std::filesystem::path& file, const void* bytes,
           size_t size);  // whole or not at all; throws OutputError

}  // namespace atrous
