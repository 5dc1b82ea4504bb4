#include "compiler/onnx_reader.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <set>

#include "compiler/sha256.h"
#include "runtime/error.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

std::string read_file(const fs::path& file) {
    std::error_code failure;
    const fs::file_status status = fs::status(file, failure);
    if (status.type() == fs::file_type::not_found)
        throw Error(file.string(), "there is no such file", "check the path of the model");
    if (failure)
        throw Error(file.string(), "the file cannot be read: " + failure.message(),
                    "check the permissions of its folder");
    if (!fs::is_regular_file(status))
        throw Error(file.string(), "this is no regular file, expected an ONNX model", "give the path of a .onnx file");
    const uintmax_t size = fs::file_size(file, failure);
    if (failure) throw Error(file.string(), "the file's size cannot be read: " + failure.message());
    if (size > static_cast<uintmax_t>(std::numeric_limits<int>::max()))
        throw Error(file.string(), "the file is larger than 2 GiB, the most that an ONNX file can be",
                    "save the model with its weights as external data");
    std::string bytes(size, '\0');
    std::ifstream in(file, std::ios::binary);
    if (!in) throw Error(file.string(), "the file cannot be opened for reading", "check its permissions");
    if (!in.read(bytes.data(), static_cast<std::streamsize>(size)))
        throw Error(file.string(), "the file cannot be read to its end", "check the disk it lies on");
    return bytes;
}

void silence_protobuf() {
    static const auto former = google::protobuf::SetLogHandler(nullptr);
    (void)former;
}

struct ExternalEntry {
    std::string location;
    uint64_t offset = 0;
    std::optional<uint64_t> length;
};

std::string subject(const OnnxModel& model, const onnx::TensorProto& tensor) {
    return model.file + ": tensor \"" + tensor.name() + "\"";
}

uint64_t parse_number(const OnnxModel& model, const onnx::TensorProto& tensor,
                      const onnx::StringStringEntryProto& entry) {
    uint64_t number = 0;
    const std::string& text = entry.value();
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size())
        throw Error(subject(model, tensor), "the " + entry.key() + " of its external data is no whole number",
                    "export the model again");
    return number;
}

ExternalEntry external_entry(const OnnxModel& model, const onnx::TensorProto& tensor) {
    ExternalEntry result;
    for (const auto& entry : tensor.external_data()) {
        if (entry.key() == "location") result.location = entry.value();
        if (entry.key() == "offset") result.offset = parse_number(model, tensor, entry);
        if (entry.key() == "length") result.length = parse_number(model, tensor, entry);
    }
    return result;
}

// The external file, which must lie in the model's folder, also after symbolic links.
fs::path external_path(const OnnxModel& model, const onnx::TensorProto& tensor, const std::string& location) {
    const char* advice = "keep external data beside the model and export it with relative paths";
    const fs::path relative(location);
    const bool climbs =
        std::any_of(relative.begin(), relative.end(), [](const fs::path& part) { return part == ".."; });
    if (location.empty() || location.find('\0') != std::string::npos || relative.is_absolute() || climbs)
        throw Error(
            subject(model, tensor),
            "its external data lies at \"" + location.substr(0, 200) + "\", which is no path inside the model's folder",
            advice);
    if (model.folder.empty())
        throw Error(subject(model, tensor), "its data is external, but the model was not read from a file", advice);
    std::error_code failure;
    const fs::path folder = fs::canonical(model.folder, failure);
    const fs::path path = fs::weakly_canonical(folder / relative, failure);
    if (std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first != folder.end())
        throw Error(subject(model, tensor),
                    "its external data \"" + location + "\" is a link to outside the model's folder", advice);
    if (!fs::is_regular_file(path, failure))
        throw Error(subject(model, tensor), "its external data \"" + location + "\" is missing", advice);
    return path;
}

// Every tensor of the graph that may lie outside: initializers, and constants in nodes.
template <typename Visit>
void each_tensor(const onnx::GraphProto& graph, const Visit& visit) {
    for (const auto& tensor : graph.initializer()) visit(tensor);
    for (const auto& node : graph.node())
        for (const auto& attribute : node.attribute())
            if (attribute.has_t()) visit(attribute.t());
}

void hash_file(const fs::path& file, Sha256& hash) {
    std::ifstream in(file, std::ios::binary);
    std::vector<char> block(1 << 20);
    while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
        hash.add({block.data(), static_cast<size_t>(in.gcount())});
}

}  // namespace

OnnxModel parse_onnx(std::string_view bytes, const std::string& name) {
    silence_protobuf();
    OnnxModel model;
    model.file = name;
    if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
        !model.proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        throw Error(name, "this is no ONNX model: its bytes do not follow the ONNX schema",
                    "check that the download or export is complete");
    if (!model.proto.has_graph())
        throw Error(name, "this is no ONNX model: it holds no graph", "check that the download or export is complete");
    model.sha256 = sha256_of(bytes);
    for (const auto& entry : model.proto.metadata_props()) model.metadata[entry.key()] = entry.value();
    return model;
}

OnnxModel read_onnx(const fs::path& file) {
    OnnxModel model = parse_onnx(read_file(file), file.string());
    model.folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    return model;
}

std::string read_external_data(const OnnxModel& model, const onnx::TensorProto& tensor, size_t expected) {
    const ExternalEntry entry = external_entry(model, tensor);
    const fs::path path = external_path(model, tensor, entry.location);
    const std::string where = "its external data \"" + entry.location + "\"";
    if (entry.length && *entry.length != expected)
        throw Error(subject(model, tensor),
                    where + " is declared as " + std::to_string(*entry.length) + " bytes, its shape and type need " +
                        std::to_string(expected),
                    "export the model again");
    std::error_code failure;
    const uintmax_t size = fs::file_size(path, failure);
    if (failure || entry.offset > size || expected > size - entry.offset)
        throw Error(subject(model, tensor),
                    where + " is too short: " + std::to_string(expected) + " bytes at " + std::to_string(entry.offset) +
                        " are needed, the file has " + std::to_string(failure ? 0 : size),
                    "check that the download or export is complete");
    std::string bytes(expected, '\0');
    std::ifstream in(path, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(entry.offset));
    if (!in.read(bytes.data(), static_cast<std::streamsize>(expected)) && expected > 0)
        throw Error(subject(model, tensor), where + " cannot be read", "check its permissions");
    return bytes;
}

OnnxFacts onnx_facts(const fs::path& file) {
    const OnnxModel model = read_onnx(file);
    OnnxFacts facts{model.sha256, model.sha256, model.metadata};
    std::set<fs::path> outside;
    each_tensor(model.proto.graph(), [&](const onnx::TensorProto& tensor) {
        if (tensor.data_location() == onnx::TensorProto::EXTERNAL)
            outside.insert(external_path(model, tensor, external_entry(model, tensor).location));
    });
    if (outside.empty()) return facts;
    Sha256 hash;
    hash.add(model.sha256);
    for (const fs::path& path : outside) hash_file(path, hash);
    facts.contents_sha256 = hash.text();
    return facts;
}

}  // namespace atrous
