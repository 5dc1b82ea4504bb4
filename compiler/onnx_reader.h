// The ONNX file as the official schema has it, its hash and its metadata; no meaning yet.
#pragma once

#include <onnx.pb.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace atrous {

struct OnnxModel {
    std::string file;              // for messages
    std::filesystem::path folder;  // of external data; empty: there may be none
    std::string sha256;            // of the file, 64 lower-case hexadecimal digits
    std::map<std::string, std::string> metadata;
    onnx::ModelProto proto;
};

// Both throw Error for what is no ONNX model.
OnnxModel read_onnx(const std::filesystem::path& file);
OnnxModel parse_onnx(std::string_view bytes, const std::string& name);

// The bytes of an external tensor: `expected` of them, from a regular file inside the model's folder.
std::string read_external_data(const OnnxModel& model, const onnx::TensorProto& tensor, size_t expected);

// What identifies a model, without importing it: its hash, its metadata, and a hash that covers external data too.
struct OnnxFacts {
    std::string sha256, contents_sha256;
    std::map<std::string, std::string> metadata;
};
OnnxFacts onnx_facts(const std::filesystem::path& file);

}  // namespace atrous
