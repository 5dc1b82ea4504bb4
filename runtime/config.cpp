#include "runtime/config.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "runtime/error.h"

namespace atrous {
namespace {

using json = nlohmann::json;
using Channels = Config::Channels;
using Resize = Config::Resize;
using Activation = Config::Activation;

template <typename Value>
using Names = std::initializer_list<std::pair<const char*, Value>>;

constexpr Names<Channels> channel_names = {{"rgb", Channels::rgb}, {"bgr", Channels::bgr}, {"gray", Channels::gray}};
constexpr Names<Resize> resize_names = {{"fixed", Resize::fixed}, {"none", Resize::none}};
constexpr Names<Filter> filter_names = {
    {"lanczos", Filter::lanczos}, {"bilinear", Filter::bilinear}, {"nearest", Filter::nearest}};
constexpr Names<Activation> activation_names = {{"none", Activation::none},
                                                {"sigmoid", Activation::sigmoid},
                                                {"softmax", Activation::softmax},
                                                {"minmax", Activation::minmax}};

constexpr int64_t largest_multiple = 65536;
constexpr size_t most_classes = 65536;

template <typename Value>
std::string name_of(const Names<Value>& names, Value value) {
    for (const auto& [name, candidate] : names) {
        if (candidate == value) return name;
    }
    return {};
}

std::string listed(const std::vector<std::string>& words) {
    std::string text;
    for (size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
        text += '"' + words[i] + '"';
    }
    return text;
}

// A value as it stands in the file, shortened.
std::string shown(const json& value) {
    constexpr size_t longest = 60;
    const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    return text.size() <= longest ? text : text.substr(0, longest) + "…";
}

// One object of the file and the way to it, for messages.
class Section {
  public:
    Section(const json& object, std::string path, const std::string& subject,
            const std::vector<std::string>& known_keys)
        : object_(object), path_(std::move(path)), subject_(subject) {
        if (!object.is_object()) {
            throw Error(subject, path_ + " is " + shown(object) + ", an object was expected",
                        "write {…} with the keys " + listed(known_keys));
        }
        for (const auto& item : object.items()) {
            if (std::find(known_keys.begin(), known_keys.end(), item.key()) == known_keys.end()) {
                throw Error(subject, path_ + " has an unknown key " + shown(item.key()),
                            "known are " + listed(known_keys));
            }
        }
    }

    const json* find(const char* key) const {
        const auto found = object_.find(key);
        return found == object_.end() ? nullptr : &*found;
    }

    [[noreturn]] void refuse(const char* key, const std::string& expected) const {
        throw Error(subject_, path_to(key) + " is " + shown(object_.at(key)) + ", " + expected + " expected");
    }

    template <typename Value>
    void read_name(const char* key, const Names<Value>& names, Value& value) const {
        const json* found = find(key);
        if (found == nullptr) return;
        std::vector<std::string> words;
        for (const auto& [name, candidate] : names) {
            if (found->is_string() && found->get_ref<const std::string&>() == name) {
                value = candidate;
                return;
            }
            words.emplace_back(name);
        }
        refuse(key, listed(words) + " was");
    }

    // One number per channel, or one for all.
    void read_numbers(const char* key, size_t channels, bool positive, std::vector<double>& numbers) const {
        const json* found = find(key);
        if (found == nullptr) return;
        const std::string expected = "a list of " + (channels == 1 ? "1" : "1 or " + std::to_string(channels)) +
                                     (positive ? " numbers above 0 was" : " numbers was");
        if (!found->is_array() || (found->size() != 1 && found->size() != channels)) refuse(key, expected);
        std::vector<double> read;
        for (const json& number : *found) {
            if (!number.is_number() || (positive && !(number.get<double>() > 0))) refuse(key, expected);
            read.push_back(number.get<double>());
        }
        numbers = std::move(read);
    }

    void read_strings(const char* key, std::vector<std::string>& strings) const {
        const json* found = find(key);
        if (found == nullptr) return;
        if (!found->is_array() || found->size() > most_classes) refuse(key, "a list of at most 65536 texts was");
        for (const json& text : *found) {
            if (!text.is_string()) refuse(key, "a list of texts was");
            strings.push_back(text.get<std::string>());
        }
    }

    std::string path_to(const char* key) const { return path_ + "." + key; }
    const std::string& subject() const { return subject_; }

  private:
    const json& object_;
    std::string path_;
    const std::string& subject_;
};

// Line and column, counted from 1, of a byte (counted from 1, as nlohmann-json does).
std::string place_of(const std::string& text, size_t byte) {
    const std::string before = text.substr(0, byte == 0 ? 0 : byte - 1);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t line_start = before.rfind('\n');
    const size_t column = before.size() - (line_start == std::string::npos ? 0 : line_start + 1) + 1;
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// A key given twice would silently count once; depth is nothing but an attack.
class RepeatedKeys {
  public:
    explicit RepeatedKeys(const std::string& subject) : subject_(subject) {}
    bool operator()(int depth, json::parse_event_t event, json& parsed) {
        constexpr int deepest = 32;
        if (depth > deepest) throw Error(subject_, "is nested deeper than 32 levels, a config has 3", "flatten it");
        if (event == json::parse_event_t::object_start) {
            open_.emplace_back();
        } else if (event == json::parse_event_t::object_end) {
            open_.pop_back();
        } else if (event == json::parse_event_t::key) {
            const auto& key = parsed.get_ref<const std::string&>();
            if (!open_.back().insert(key).second && repeated_.empty()) repeated_ = key;
        }
        return true;
    }
    const std::string& first() const { return repeated_; }

  private:
    const std::string& subject_;
    std::vector<std::set<std::string>> open_;
    std::string repeated_;
};

json parse_strictly(const std::string& text, const std::string& subject) {
    constexpr size_t largest = 16 << 20;
    if (text.size() > largest) {
        throw Error(subject, "is larger than 16 MiB, which no config is", "name the config file");
    }
    RepeatedKeys repeated(subject);
    try {
        json parsed = json::parse(text, std::ref(repeated));
        if (!repeated.first().empty()) {
            throw Error(subject, "the key " + shown(repeated.first()) + " is given twice", "leave one");
        }
        return parsed;
    } catch (const json::parse_error& error) {
        throw Error(subject, "is not JSON (" + place_of(text, error.byte) + ")",
                    "correct it there; comments are not allowed");
    } catch (const json::exception&) {  // a number too large, for example
        throw Error(subject, "is not JSON that can be read", "correct its numbers");
    }
}

void read_divide(const Section& input, std::optional<double>& divide) {
    const json* found = input.find("divide");
    if (found == nullptr) return;
    if (found->is_string() && found->get_ref<const std::string&>() == "max") {
        divide.reset();
    } else if (found->is_number() && found->get<double>() > 0) {
        divide = found->get<double>();
    } else {
        input.refuse("divide", "a number above 0 or \"max\" was");
    }
}

void read_multiple(const Section& input, int& multiple) {
    const json* found = input.find("multiple");
    if (found == nullptr) return;
    if (!found->is_number_integer() || found->get<double>() < 1 || found->get<double>() > largest_multiple) {
        input.refuse("multiple", "a whole number from 1 to 65536 was");
    }
    multiple = found->get<int>();
}

// The smallest and largest samples must stay finite floats, or the network computes nonsense.
void check_range(const Section& input, const Config& config) {
    for (size_t c = 0; c < config.mean.size(); ++c) {
        for (const double sample : {0.0, 255.0}) {
            const double value = (sample / config.divide.value_or(1.0) - config.mean[c]) / config.std[c];
            if (!std::isfinite(static_cast<float>(value))) {
                throw Error(input.subject(),
                            "\"divide\", \"mean\" and \"std\" of \"input\" turn the sample " +
                                std::to_string(static_cast<int>(sample)) + " into infinity",
                            "use smaller numbers");
            }
        }
    }
}

void read_input(const json& object, const std::string& subject, Config& config) {
    const Section input(object, "\"input\"", subject,
                        {"channels", "divide", "mean", "std", "resize", "filter", "multiple"});
    input.read_name("channels", channel_names, config.channels);
    read_divide(input, config.divide);
    const auto channels = static_cast<size_t>(channel_count(config));
    config.mean.assign(1, 0.0);
    config.std.assign(1, 1.0);
    input.read_numbers("mean", channels, false, config.mean);
    input.read_numbers("std", channels, true, config.std);
    config.mean.resize(channels, config.mean[0]);
    config.std.resize(channels, config.std[0]);
    check_range(input, config);
    input.read_name("resize", resize_names, config.resize);
    input.read_name("filter", filter_names, config.filter);
    read_multiple(input, config.multiple);
}

std::optional<uint32_t> parse_color(const std::string& text) {
    if (text.size() != 7 || text[0] != '#') return std::nullopt;
    if (text.find_first_not_of("0123456789abcdefABCDEF", 1) != std::string::npos) return std::nullopt;
    return static_cast<uint32_t>(std::stoul(text.substr(1), nullptr, 16));
}

void read_output(const json& object, const std::string& subject, Config& config) {
    const Section output(object, "\"output\"", subject, {"name", "activation", "classes", "palette"});
    if (const json* name = output.find("name")) {
        if (!name->is_string()) output.refuse("name", "the name of one of the model's outputs was");
        config.output = name->get<std::string>();
    }
    output.read_name("activation", activation_names, config.activation);
    output.read_strings("classes", config.classes);
    std::vector<std::string> colors;
    output.read_strings("palette", colors);
    for (const std::string& text : colors) {
        const auto color = parse_color(text);
        if (!color) {
            throw Error(subject, output.path_to("palette") + " has the colour " + shown(text) +
                                     ", a text like \"#4682b4\" was expected");
        }
        config.palette.push_back(*color);
    }
}

std::string color_text(uint32_t color) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text = "#";
    for (int shift = 20; shift >= 0; shift -= 4) text += digits[color >> shift & 15];
    return text;
}

nlohmann::ordered_json ordered(const Config& config) {
    nlohmann::ordered_json input, output;
    input["channels"] = name_of(channel_names, config.channels);
    if (config.divide) {
        input["divide"] = *config.divide;
    } else {
        input["divide"] = "max";
    }
    input["mean"] = config.mean;
    input["std"] = config.std;
    if (config.resize != Resize::unset) input["resize"] = name_of(resize_names, config.resize);
    input["filter"] = name_of(filter_names, config.filter);
    input["multiple"] = config.multiple;
    output["name"] = config.output;
    output["activation"] = name_of(activation_names, config.activation);
    output["classes"] = config.classes;
    output["palette"] = nlohmann::ordered_json::array();
    for (const uint32_t color : config.palette) output["palette"].push_back(color_text(color));
    return {{"input", input}, {"output", output}};
}

}  // namespace

int channel_count(const Config& config) {
    return config.channels == Channels::gray ? 1 : 3;
}

Config parse_config(const std::string& text, const std::string& subject) {
    const json parsed = parse_strictly(text, subject);
    const Section file(parsed, "the config", subject, {"input", "output"});
    Config config;
    if (const json* input = file.find("input")) read_input(*input, subject, config);
    if (const json* output = file.find("output")) read_output(*output, subject, config);
    return config;
}

std::string to_json(const Config& config) {
    return ordered(config).dump();
}

std::string config_template(std::string_view output_name) {
    return R"({
  "input": {
    "channels": "rgb",
    "divide": 255,
    "mean": [0, 0, 0],
    "std": [1, 1, 1],
    "resize": "fixed",
    "filter": "bilinear",
    "multiple": 1
  },
  "output": {
    "name": )" +
           json(output_name).dump(-1, ' ', true, json::error_handler_t::replace) +
           R"(,
    "activation": "none",
    "classes": [],
    "palette": []
  }
}
)";
}

void check_config(const Config& config, const std::string& subject, int64_t input_channels, int64_t classes) {
    if (input_channels > 0 && input_channels != channel_count(config)) {
        throw Error(subject,
                    "\"input\".channels is \"" + name_of(channel_names, config.channels) + "\", but the model takes " +
                        std::to_string(input_channels) + " channels",
                    input_channels == 1   ? "write \"gray\""
                    : input_channels == 3 ? "write \"rgb\" or \"bgr\""
                                          : "use a model of 1 or 3 channels");
    }
    if (classes > 0 && !config.classes.empty() && static_cast<int64_t>(config.classes.size()) != classes) {
        throw Error(subject,
                    "\"output\".classes names " + std::to_string(config.classes.size()) +
                        " classes, but the model's output has " + std::to_string(classes) + " channels",
                    "name each channel, or none");
    }
    if (classes == 1 && config.activation == Activation::softmax) {
        throw Error(subject, "\"output\".activation is \"softmax\", which is 1 everywhere for the model's one channel",
                    "write \"sigmoid\", \"minmax\" or \"none\"");
    }
}

}  // namespace atrous
