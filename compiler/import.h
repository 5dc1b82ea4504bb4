// ONNX → Network. The specification is ONNX's own operator documentation, opset 7 to 24, and newer as long as the
// operators used are unchanged (known through opset 28). What is not supported is refused with
// Error("FILE: node "NAME" (OPERATOR)", what was found and what is supported, what to do).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "compiler/ir.h"

namespace atrous {

struct ImportOptions {
    // Height and width of images (rank 4: N,C,H,W; rank 3: N,C,L) that the model declares as numbers become free, and
    // the batch too if the graph does not bind it. Error, naming the node, where the graph binds height or width.
    bool dynamic = false;
};

// Throws Error. Half, bfloat16 and double weights become float; float16 inputs and outputs become float.
Network import_onnx(const std::filesystem::path& file, const ImportOptions& options = {});

// The same from memory. `name` stands for the file in messages; external data is refused.
Network import_onnx_bytes(std::string_view bytes, const std::string& name, const ImportOptions& options = {});

// The network as text, one line per input, node, constraint and output: for tests and for reading.
std::string describe(const Network& network);

}  // namespace atrous
