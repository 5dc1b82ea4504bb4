// Columns of text, aligned.
#pragma once

#include <string>
#include <vector>

namespace atrous {

class Table {
  public:
    // A heading that begins with '>' is for a column of numbers, aligned to the right.
    explicit Table(std::vector<std::string> headings);
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    std::string text() const;

  private:
    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace atrous
