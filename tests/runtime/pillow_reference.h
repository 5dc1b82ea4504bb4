// The cases that pillow_reference.py makes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace atrous::tests {

class Reference;

struct Case {
    std::map<std::string, std::string> words;
    const Reference* reference;

    std::string text(const std::string& key) const { return words.at(key); }
    int number(const std::string& key) const { return std::stoi(words.at(key)); }
    float real(const std::string& key) const { return std::stof(words.at(key)); }
    // A piece of the data, as samples.
    template <typename Sample>
    std::vector<Sample> data(const std::string& key) const;
};

class Reference {
  public:
    // kind: resample, pictures, tensors, small or attacks. Runs Python; the files are removed at the end.
    explicit Reference(const std::string& kind);
    ~Reference();
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;
    const std::vector<Case>& cases() const { return cases_; }
    const std::filesystem::path& folder() const { return folder_; }
    const std::string& data() const { return data_; }

  private:
    std::filesystem::path folder_;
    std::vector<Case> cases_;
    std::string data_;
};

// A folder of one's own that is removed at the end.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

std::string read_text(const std::filesystem::path& file);
void write_text(const std::filesystem::path& file, const std::string& text);

// The message of the Error that `act` throws; "" when it throws none.
template <typename Act>
std::string error_of(const Act& act);

}  // namespace atrous::tests

#include <cstring>

#include "runtime/error.h"

namespace atrous::tests {

template <typename Sample>
std::vector<Sample> Case::data(const std::string& key) const {
    const std::string& piece = words.at(key);  // @OFFSET:SIZE
    const size_t colon = piece.find(':');
    const size_t offset = std::stoul(piece.substr(1, colon - 1)), size = std::stoul(piece.substr(colon + 1));
    std::vector<Sample> samples(size / sizeof(Sample));
    if (size > 0) std::memcpy(samples.data(), reference->data().data() + offset, size);
    return samples;
}

template <typename Act>
std::string error_of(const Act& act) {
    try {
        act();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

}  // namespace atrous::tests
