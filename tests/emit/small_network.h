// A network of two kernels, made without the importer: y = relu(x + w), x and y of shape (2, length), w = −1, 1, −1, 1
// …
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "compiler/emit.h"
#include "compiler/kernel_cache.h"

namespace atrous {

// A folder that the test removes at the end.
class TestFolder {
  public:
    TestFolder();
    ~TestFolder();
    std::filesystem::path operator/(const std::string& file) const { return path_ / file; }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

std::vector<KernelRequest> small_requests(const std::string& target);

// Emits it as NAME into the folder, its kernels from a cache that all tests of a run share.
void emit_small_network(const std::string& name, const EmittedKinds& kinds, const std::filesystem::path& folder);

// Standard output of a shell command that must succeed.
std::string output_of(const std::string& command);

}  // namespace atrous
