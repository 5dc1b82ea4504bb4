// `--model M`: a compiled .so under any name, or an .onnx file, which is compiled once and kept.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "apps/segment/console.h"
#include "runtime/library.h"

namespace atrous {

struct ModelOptions {
    std::filesystem::path model;
    std::filesystem::path cache;  // empty: the user's
    std::string device = "auto";  // .onnx only: what to compile it for
    bool keep_all = false;        // .onnx only: every intermediate tensor becomes an output
};

bool is_compiled(const std::filesystem::path& model);                                      // by content: an ELF file
std::shared_ptr<const Library> load_model(const ModelOptions& options, Console& console);  // throws Error

// For CompileOptions: shows how far a compilation is, and throws Interrupted when it is to stop.
std::function<void(const std::string& stage, int done, int total)> compile_progress(Console& console);

// The config (JSON) for an ONNX file: in `file` when not empty, else the model's metadata under "atrous.config", else
// models/ by the file's hash. Throws Error for one that is wrong.
std::optional<std::string> find_config(const std::filesystem::path& model, const std::filesystem::path& file);

}  // namespace atrous
