#include "apps/atrous/named_files.h"

#include <numeric>
#include <optional>

#include "apps/npy.h"
#include "runtime/error.h"

namespace atrous {

namespace {

std::string names_of(const std::vector<TensorInfo>& tensors) {
    std::string names;
    for (const TensorInfo& tensor : tensors) names += (names.empty() ? "" : ", ") + tensor.name;
    return names;
}

bool fits(const Tensor& tensor, const TensorInfo& info) {
    if (tensor.type != info.type || tensor.shape.size() != info.shape.size()) return false;
    for (size_t i = 0; i < tensor.shape.size(); i++) {
        if (info.shape[i] >= 0 && info.shape[i] != tensor.shape[i]) return false;
    }
    return true;
}

}  // namespace

std::vector<NamedFile> assign_files(const std::vector<std::string>& arguments, const std::vector<TensorInfo>& tensors,
                                    const std::vector<size_t>& order, const std::string& option,
                                    const std::string& subject) {
    std::vector<NamedFile> files;
    std::vector<bool> taken(tensors.size(), false);
    size_t next = 0;
    for (const std::string& argument : arguments) {
        size_t index = 0, length = 0;
        for (size_t i = 0; i < tensors.size(); i++) {  // the longest, since names may hold '='
            const std::string prefix = tensors[i].name + "=";
            if (argument.starts_with(prefix) && prefix.size() > length) index = i, length = prefix.size();
        }
        if (length == 0) index = next < order.size() ? order[next++] : tensors.size();
        if (index >= tensors.size()) {
            throw Error(subject,
                        "has no place for " + option + " " + argument + ": it has " + std::to_string(tensors.size()) +
                            " (" + names_of(tensors) + ")",
                        "leave it out");
        }
        if (taken[index]) {
            throw Error(subject, option + " is given twice for " + tensors[index].name,
                        "write " + option + " name=file");
        }
        taken[index] = true;
        files.push_back({index, argument.substr(length)});
    }
    return files;
}

std::vector<Tensor> read_inputs(const std::vector<std::string>& arguments, const LibraryInfo& info,
                                const std::string& subject) {
    std::vector<std::optional<Tensor>> found(info.inputs.size());
    std::vector<size_t> order(info.inputs.size());
    std::iota(order.begin(), order.end(), size_t{0});
    for (const NamedFile& given : assign_files(arguments, info.inputs, order, "--input", subject)) {
        const TensorInfo& expected = info.inputs[given.index];
        Tensor tensor = read_npy(given.file);
        if (!fits(tensor, expected)) {
            throw Error(given.file.string(),
                        std::string("holds ") + element_name(tensor.type) + " " + shape_text(tensor.shape) +
                            ", expected " + element_name(expected.type) + " " + shape_text(expected) +
                            " for the input '" + expected.name + "'",
                        "convert it with numpy's astype and reshape");
        }
        found[given.index] = std::move(tensor);
    }
    std::vector<Tensor> inputs;
    for (size_t i = 0; i < found.size(); i++) {
        if (!found[i]) {
            throw Error(subject, "its input '" + info.inputs[i].name + "' is not given",
                        "add --input " + info.inputs[i].name + "=FILE.npy");
        }
        inputs.push_back(std::move(*found[i]));
    }
    return inputs;
}

}  // namespace atrous
