// TensorProto → Array: every element type that has a use here, raw or typed, in the file or beside it.
#pragma once

#include <string>

#include "compiler/array.h"
#include "compiler/onnx_reader.h"

namespace atrous {

// "float", "int64" …, as ONNX writes them.
std::string type_name(int onnx_type);

// Throws Error, naming the tensor, where its data and its shape do not fit or its type has no use here.
Array array_of(const OnnxModel& model, const onnx::TensorProto& tensor);

}  // namespace atrous
