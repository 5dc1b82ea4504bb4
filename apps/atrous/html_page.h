// The page that reports stand on: style for wide and narrow, light and dark screens, no script, nothing loaded.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/image.h"

namespace atrous {

std::string html_escaped(const std::string& text);
std::string html_page(const std::string& title, const std::string& subtitle, const std::string& body);
std::string html_picture(const Image& image, const std::string& description);  // embedded PNG, pixels kept sharp
std::string html_cards(const std::vector<std::pair<std::string, std::string>>& cards);  // figure, what it is

class HtmlTable {
  public:
    // As Table's: '>' begins a heading for numbers.
    explicit HtmlTable(std::vector<std::string> headings);
    void add(const std::vector<std::string>& cells);
    std::string text() const;

  private:
    std::vector<bool> right_;
    std::string head_, rows_;
};

}  // namespace atrous
