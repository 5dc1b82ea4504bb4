#include "apps/atrous/table.h"

#include <algorithm>

namespace atrous {

namespace {

// UTF-8 characters; the tables hold none that are wider than one column.
size_t columns(const std::string& text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

Table::Table(std::vector<std::string> headings) {
    for (std::string& heading : headings) {
        right_.push_back(heading.starts_with('>'));
        if (right_.back()) heading.erase(0, 1);
    }
    rows_.push_back(std::move(headings));
}

std::string Table::text() const {
    std::vector<size_t> widths(right_.size(), 0);
    for (const auto& row : rows_) {
        for (size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], columns(row[i]));
    }
    std::string result;
    for (const auto& row : rows_) {
        std::string line;
        for (size_t i = 0; i < row.size(); i++) {
            const std::string space(widths[i] - columns(row[i]), ' ');
            line += (i ? "  " : "") + (right_[i] ? space + row[i] : row[i] + space);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        result += line + "\n";
    }
    return result;
}

}  // namespace atrous
