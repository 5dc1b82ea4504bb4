#include "apps/atrous/tensor_folder.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/npy.h"
#include "apps/segment/interrupt.h"
#include "apps/segment/output.h"
#include "runtime/error.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

constexpr size_t longest_stem = 200;  // leaves room for a number and the suffix in 255 bytes

std::string file_stem(const std::string& tensor) {
    std::string stem;
    for (const char c : tensor) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
        stem += plain ? c : '_';
    }
    if (stem.empty() || stem[0] == '.') stem.insert(0, "_");
    return stem.substr(0, longest_stem);
}

// Different names may look alike once sanitised: a/b and a_b.
std::string free_name(const std::string& stem, std::set<std::string>& taken) {
    std::string name = stem + ".npy";
    for (int number = 2; !taken.insert(name).second; number++) name = stem + "-" + std::to_string(number) + ".npy";
    return name;
}

double half_value(uint16_t half) {
    const int exponent = (half >> 10) & 31, fraction = half & 1023;
    double value = 0;
    if (exponent == 31) {
        value = fraction ? std::nan("") : HUGE_VAL;
    } else {
        value = std::ldexp(exponent ? 1024 + fraction : fraction, std::max(exponent, 1) - 25);
    }
    return half & 0x8000 ? -value : value;
}

template <typename Element>
Element element_at(const Tensor& tensor, size_t index) {
    Element value;
    std::memcpy(&value, tensor.bytes.data() + index * sizeof(Element), sizeof(Element));
    return value;
}

double value_at(const Tensor& tensor, size_t index) {
    switch (tensor.type) {
    case ATROUS_F32:
        return element_at<float>(tensor, index);
    case ATROUS_F64:
        return element_at<double>(tensor, index);
    case ATROUS_F16:
        return half_value(element_at<uint16_t>(tensor, index));
    case ATROUS_I64:
        return static_cast<double>(element_at<int64_t>(tensor, index));
    case ATROUS_I32:
        return element_at<int32_t>(tensor, index);
    case ATROUS_I8:
        return element_at<int8_t>(tensor, index);
    default:
        return element_at<uint8_t>(tensor, index);
    }
}

// Whether an element is beyond the tolerance; `difference` keeps count.
void compare_element(size_t index, double ours, double theirs, const Tolerance& tolerance, Difference& difference) {
    if (ours == theirs || (std::isnan(ours) && std::isnan(theirs))) return;
    double absolute = std::abs(ours - theirs);
    if (std::isnan(absolute)) absolute = HUGE_VAL;
    const double relative = theirs == 0 ? HUGE_VAL : absolute / std::abs(theirs);
    const bool beyond = !(absolute <= tolerance.absolute + tolerance.relative * std::abs(theirs));
    difference.beyond += beyond;
    if (beyond) difference.largest_relative = std::max(difference.largest_relative, relative);
    if (absolute > difference.largest_absolute) {
        difference.largest_absolute = absolute;
        difference.worst = index;
        difference.ours = ours;
        difference.theirs = theirs;
    }
}

std::optional<Difference> compare_tensors(const std::string& name, const Tensor& ours, const Tensor& theirs,
                                          const Tolerance& tolerance) {
    Difference difference{name, ours.shape, theirs.shape};
    if (ours.shape != theirs.shape) return difference;
    difference.elements = ours.bytes.size() / element_bytes(ours.type);
    for (size_t i = 0; i < difference.elements; i++) {
        compare_element(i, value_at(ours, i), value_at(theirs, i), tolerance, difference);
    }
    if (difference.beyond == 0) return std::nullopt;
    return difference;
}

}  // namespace

void write_tensor_folder(const fs::path& folder, const std::vector<TensorInfo>& infos,
                         const std::vector<Tensor>& tensors) {
    make_folder(folder);
    std::set<std::string> taken;
    nlohmann::ordered_json index = nlohmann::ordered_json::object();
    for (size_t i = 0; i < tensors.size(); i++) {
        stop_if_interrupted();
        const std::string file = free_name(file_stem(infos[i].name), taken);
        write_npy(folder / file, tensors[i].type, tensors[i].shape, tensors[i].bytes.data());
        index[infos[i].name] = file;
    }
    const std::string text = index.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    store(folder / "index.json", text.data(), text.size());
}

TensorFolder::TensorFolder(fs::path folder) : folder_(std::move(folder)) {
    std::error_code error;
    if (!fs::is_directory(folder_, error)) {
        throw Error(folder_.string(), "is not a folder", "name one made by --trace, or with a .npy file per tensor");
    }
    const fs::path file = folder_ / "index.json";
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return;
    indexed_ = true;
    const auto json = nlohmann::json::parse(stream, nullptr, false);
    const bool usable =
        json.is_object() && std::all_of(json.begin(), json.end(), [](const auto& v) { return v.is_string(); });
    if (!usable)
        throw Error(file.string(), "is not a JSON object from tensor names to file names", "correct or remove it");
    for (const auto& [name, value] : json.items()) index_.emplace(name, value.template get<std::string>());
}

std::optional<fs::path> TensorFolder::find(const std::string& tensor) const {
    if (indexed_) {
        const auto found = index_.find(tensor);
        if (found == index_.end()) return std::nullopt;
        return folder_ / found->second;
    }
    const fs::path file = folder_ / (file_stem(tensor) + ".npy");
    std::error_code error;
    if (!fs::exists(file, error)) return std::nullopt;
    return file;
}

Comparison compare_with_folder(const fs::path& folder, const std::vector<TensorInfo>& infos,
                               const std::vector<Tensor>& tensors, const Tolerance& tolerance) {
    const TensorFolder theirs(folder);
    Comparison comparison;
    for (size_t i = 0; i < tensors.size() && !comparison.first; i++) {
        stop_if_interrupted();
        const auto file = theirs.find(infos[i].name);
        if (!file) {
            comparison.missing++;
            continue;
        }
        comparison.first = compare_tensors(infos[i].name, tensors[i], read_npy(*file), tolerance);
        if (!comparison.first) comparison.equal++;
    }
    if (comparison.equal == 0 && !comparison.first) {
        throw Error(folder.string(), "holds none of the network's " + std::to_string(tensors.size()) + " tensors",
                    "name the files after the tensors, or write an index.json");
    }
    return comparison;
}

}  // namespace atrous
