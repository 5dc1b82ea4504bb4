#include "apps/probe/cpu_model.h"

#include <fstream>
#include <map>

namespace atrous {

namespace {

std::string trimmed(const std::string& text) {
    constexpr const char* blank = " \t\n";
    const size_t begin = text.find_first_not_of(blank);
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
}

// "model name : …", of the first processor; with x86's numbers, as virtual machines like to leave the name vague.
std::string from_cpuinfo() {
    std::ifstream in("/proc/cpuinfo");
    std::map<std::string, std::string> facts;
    for (std::string line; std::getline(in, line) && !line.empty();) {
        const size_t colon = line.find(':');
        if (colon != std::string::npos) facts.emplace(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    }
    if (!facts.contains("cpu family")) return facts["model name"];
    return facts["model name"] + ", family " + facts["cpu family"] + ", model " + facts["model"];
}

// Text that ends with a zero.
std::string from_device_tree() {
    std::ifstream in("/proc/device-tree/model", std::ios::binary);
    std::string text;
    std::getline(in, text, '\0');
    return trimmed(text);
}

}  // namespace

std::string cpu_model() {
    const std::string model = from_cpuinfo();
    return model.empty() ? from_device_tree() : model;
}

}  // namespace atrous
