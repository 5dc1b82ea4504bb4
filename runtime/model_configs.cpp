#include <nlohmann/json.hpp>

#include "runtime/config.h"
#include "runtime/error.h"
#include "runtime/input_file.h"

namespace atrous {
namespace {

using std::filesystem::path;

std::optional<std::string> read_text(const path& file) {
    InputFile input(file);
    if (!input.is_open()) return std::nullopt;
    std::string text;
    char block[4096];
    while (const size_t count = input.read(block, sizeof block)) text.append(block, count);
    return text;
}

}  // namespace

std::optional<std::string> find_model_config(const path& models_folder, std::string_view sha256) {
    const path index_file = models_folder / "index.json";
    const auto text = read_text(index_file);
    if (!text) return std::nullopt;
    const auto index = nlohmann::json::parse(*text, nullptr, false);
    const auto entry = index.is_object() ? index.find(sha256) : index.end();
    if (!index.is_object()) throw Error(index_file.string(), "is not a JSON object of SHA-256 and model", "restore it");
    if (entry == index.end()) return std::nullopt;
    const bool usable = entry->is_object() && entry->contains("config") && entry->at("config").is_string();
    if (!usable) {
        throw Error(index_file.string(), "the entry " + std::string(sha256) + " has no text \"config\"",
                    "name the config file there");
    }
    const path config_file = models_folder / path(entry->at("config").get<std::string>()).filename();
    auto config = read_text(config_file);
    if (!config)
        throw Error(config_file.string(), "cannot be read, but " + index_file.string() + " names it", "restore it");
    return config;
}

}  // namespace atrous
