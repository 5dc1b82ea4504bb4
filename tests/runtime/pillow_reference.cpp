#include "tests/runtime/pillow_reference.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace atrous::tests {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "atrous-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::string read_text(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void write_text(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
}

Reference::Reference(const std::string& kind) {
    std::string name = (fs::temp_directory_path() / "atrous-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
    const std::string command =
        "'" ATROUS_PYTHON "' -B '" ATROUS_SOURCE_DIR "/tests/runtime/pillow_reference.py' " + kind + " '" + name + "'";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("this failed: " + command);
    data_ = read_text(folder_ / "data.bin");
    std::ifstream lines(folder_ / "cases.txt");
    for (std::string line; std::getline(lines, line);) {
        Case one{{}, this};
        std::istringstream words(line);
        for (std::string word; words >> word;) {
            const size_t equals = word.find('=');
            one.words[word.substr(0, equals)] = word.substr(equals + 1);
        }
        cases_.push_back(one);
    }
}

Reference::~Reference() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

}  // namespace atrous::tests
