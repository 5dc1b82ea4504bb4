#include "apps/atrous/html_page.h"

namespace atrous {

namespace {

constexpr const char* style = R"(
:root{color-scheme:light dark;--page:#f6f6f9;--card:#fff;--ink:#20222e;--soft:#5d6072;--line:#dfe0e8;--unread:#e3e3ec;
--good:#12704a;--good-back:#dcf3e6;--bad:#a3301f;--bad-back:#fbe3dd}
@media(prefers-color-scheme:dark){:root{--page:#14151c;--card:#1d1f29;--ink:#e8e9f0;--soft:#a0a3b4;--line:#333645;
--unread:#30323f;--good:#7fdcae;--good-back:#173a2a;--bad:#ffab9a;--bad-back:#4a211a}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:70rem;margin:0 auto;padding:1.25rem}
h1{font-size:1.7rem;line-height:1.2;margin:.6rem 0 .2rem;overflow-wrap:anywhere}
h2{font-size:1.3rem;margin:2.2rem 0 .8rem}
h3{font-size:1.05rem;margin:.2rem 0 .6rem;overflow-wrap:anywhere}
h4{margin:1rem 0 .4rem}
small,.subtitle,figcaption,dt,.legend{color:var(--soft)}
small{font-weight:400}
.subtitle{margin:0 0 1.4rem}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.2rem;margin:1rem 0}
section h2{margin-top:.2rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.8rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.8rem 1rem}
.card b{display:block;font-size:1.35rem;line-height:1.3}
.card span{color:var(--soft);font-size:.875rem;line-height:1.35;display:block}
.chain{display:flex;flex-wrap:wrap;gap:1.2rem 1.8rem;align-items:flex-start}
.chain>div{flex:1 1 18rem;min-width:0;overflow-wrap:anywhere}
.map{margin:0;flex:0 1 26rem;width:100%;min-width:0}
@media(max-width:40rem){.map{flex:1 1 100%}main{padding:1rem}section{padding:.9rem}}
.map svg,.map img{display:block;width:100%;height:auto;border-radius:6px}
.map img{image-rendering:pixelated;background:var(--unread)}
figcaption{font-size:.85rem;margin-top:.4rem}
.unread{fill:var(--unread)}
svg text{font:3.6px system-ui,sans-serif;text-anchor:middle}
svg .dark{fill:#20222e}svg .light{fill:#fff}
.verdict{font-weight:600;margin-top:0}
.badge{font-size:.8rem;font-weight:600;border-radius:99px;padding:.15rem .65rem;vertical-align:.1em;white-space:nowrap}
.good{color:var(--good);background:var(--good-back)}.bad{color:var(--bad);background:var(--bad-back)}
dl{margin:0}
dl div{display:flex;gap:.8rem;padding:.28rem 0;border-top:1px solid var(--line)}
dt{flex:0 0 8.5rem}dd{margin:0;flex:1;min-width:0}
.legend{font-size:.85rem}
.ramp{display:inline-block;width:7rem;height:.8rem;border-radius:3px;vertical-align:-.05rem;margin:0 .5rem 0 .8rem}
.swatch{display:inline-block;width:.8rem;height:.8rem;border-radius:3px;vertical-align:-.05rem;margin-right:.4rem}
.unread-swatch{background:var(--unread);border:1px solid var(--line)}
.scroll{overflow-x:auto;margin:1rem 0;border:1px solid var(--line);border-radius:8px;background:var(--card)}
table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:.35rem .7rem;text-align:left;white-space:nowrap;border-top:1px solid var(--line)}
th{color:var(--soft);font-weight:600;border-top:0}
.number{text-align:right}
td.long{white-space:normal;min-width:12rem;max-width:22rem;overflow-wrap:anywhere}
)";

std::string base64(const std::vector<uint8_t>& bytes) {
    constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t count = std::min<size_t>(3, bytes.size() - i);
        uint32_t group = 0;
        for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? bytes[i + j] : 0u);
        for (size_t j = 0; j < 4; ++j) text += j <= count ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
    return text;
}

}  // namespace

std::string html_escaped(const std::string& text) {
    std::string escaped;
    for (const char character : text) {
        switch (character) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        default:
            escaped += character;
        }
    }
    return escaped;
}

std::string html_page(const std::string& title, const std::string& subtitle, const std::string& body) {
    return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>" +
           html_escaped(title) + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n<main>\n<h1>" +
           html_escaped(title) + "</h1>\n<p class=\"subtitle\">" + html_escaped(subtitle) + "</p>\n" + body +
           "</main>\n</body>\n</html>\n";
}

std::string html_picture(const Image& image, const std::string& description) {
    return "<img width=\"" + std::to_string(image.width) + "\" height=\"" + std::to_string(image.height) + "\" alt=\"" +
           html_escaped(description) + "\" src=\"data:image/png;base64," + base64(encode_png(image)) + "\">";
}

std::string html_cards(const std::vector<std::pair<std::string, std::string>>& cards) {
    std::string text = "<div class=\"cards\">\n";
    for (const auto& [figure, what] : cards) {
        text +=
            "<div class=\"card\"><b>" + html_escaped(figure) + "</b><span>" + html_escaped(what) + "</span></div>\n";
    }
    return text + "</div>\n";
}

HtmlTable::HtmlTable(std::vector<std::string> headings) {
    for (const std::string& heading : headings) {
        const bool right = heading.starts_with('>');
        right_.push_back(right);
        head_ += (right ? "<th class=\"number\">" : "<th>") + html_escaped(heading.substr(right)) + "</th>";
    }
}

void HtmlTable::add(const std::vector<std::string>& cells) {
    constexpr size_t long_text = 40;
    rows_ += "<tr>";
    for (size_t i = 0; i < cells.size(); ++i) {
        const char* open = right_[i]                     ? "<td class=\"number\">"
                           : cells[i].size() > long_text ? "<td class=\"long\">"
                                                         : "<td>";
        rows_ += open + html_escaped(cells[i]) + "</td>";
    }
    rows_ += "</tr>\n";
}

std::string HtmlTable::text() const {
    return "<div class=\"scroll\"><table>\n<thead><tr>" + head_ + "</tr></thead>\n<tbody>\n" + rows_ +
           "</tbody></table></div>\n";
}

}  // namespace atrous
