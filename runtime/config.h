// How a picture becomes a tensor and a tensor a picture: the config of cli.md, read strictly (an unknown key is an
// error), and the two conversions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/image.h"

namespace atrous {

struct Config {
    enum class Channels { rgb, bgr, gray };
    enum class Resize { unset, fixed, none };
    enum class Activation { none, sigmoid, softmax, minmax };

    // input
    Channels channels = Channels::rgb;
    std::optional<double> divide = 255.0;             // nullopt: by the picture's own maximum ("max")
    std::vector<double> mean{0, 0, 0}, std{1, 1, 1};  // one a channel, in the tensor's order (bgr: blue first)
    Resize resize = Resize::unset;                    // fixed when the model declares a size, none otherwise
    Filter filter = Filter::bilinear;
    int multiple = 1;
    // output
    std::string output;  // empty: the model's first
    Activation activation = Activation::none;
    std::vector<std::string> classes;
    std::vector<uint32_t> palette;  // 0xrrggbb; empty: a built-in palette

    bool operator==(const Config&) const = default;
};

// How many channels the network sees: 3, or 1 for gray.
int channel_count(const Config& config);

// `subject` is what error messages name: a file. A mean or std of one number counts for every channel.
Config parse_config(const std::string& text, const std::string& subject);
std::string to_json(const Config& config);
// All keys with their defaults, for the user to fill in; a config by itself. The name is that of the model's output.
std::string config_template(std::string_view output_name = "");
// Throws Error when the network takes another number of channels than the config gives, or has another number of
// classes than the config names. −1: not known.
void check_config(const Config& config, const std::string& subject, int64_t input_channels, int64_t classes);

// The config in `models_folder` (JSON text) for the ONNX file with this SHA-256 (hexadecimal, lower case), by its
// index.json. nullopt: the folder, its index or an entry is missing. Throws Error: an index that cannot be read.
std::optional<std::string> find_model_config(const std::filesystem::path& models_folder, std::string_view sha256);

// Geometry of one conversion, needed to bring the result back.
struct Placement {
    int picture_width = 0, picture_height = 0;  // the picture
    int content_width = 0, content_height = 0;  // what the network sees of it (before padding)
    int width = 0, height = 0;                  // the tensor
};

// Picture → 1×C×H×W floats. declared_width/height: the model's own size, 0 (or less) where free. Resized on 8 bits with
// Pillow's arithmetic, then (value / divide − mean) / std in double, rounded to float; "max" divides by the largest
// value of the resized picture, as rembg does. A picture fixed in one direction only keeps its proportions. Padding (to
// `multiple`, of free directions) is 0 after normalisation, right and bottom. Throws Error when "resize" cannot be
// done.
std::vector<float> to_tensor(const Image& picture, const Config& config, int declared_width, int declared_height,
                             Placement& placement);

// What the network says about a picture, at the picture's size.
struct Segmentation {
    int classes = 1;
    int width = 0, height = 0;
    Image mask;                    // one-channel networks: 8-bit gray
    std::vector<uint16_t> labels;  // several classes: argmax per pixel
    std::vector<float> scores;     // C×H×W after activation, only with want_scores
};
// One output of C×h×w floats, of a tensor of placement.width × height; the output may be smaller or larger, it is
// scaled back over the same field. Activation applied, padding cropped, resized with the config's filter: a mask on 8
// bits (with minmax by rembg's arithmetic), scores as floats, class by class. NaN counts as 0. Throws Error: no pixels,
// more than 65536 classes, softmax of one class.
Segmentation from_tensor(const float* output, int classes, int height, int width, const Placement& placement,
                         const Config& config, bool want_scores);
// The same for networks that end in an ArgMax: h×w labels, scaled back with nearest.
Segmentation from_labels(const std::vector<uint16_t>& labels, int classes, int height, int width,
                         const Placement& placement);

// RGBA with the mask as alpha, times the picture's own alpha; the picture's colours, bits and profile.
Image cutout(const Image& picture, const Image& mask);
// RGB, 8 bits, with the picture's profile: what is not in the mask is dimmed and pale; classes are tinted, with an edge
// between them.
Image overlay(const Image& picture, const Segmentation& segmentation, const Config& config);

// Configured colours, completed by distinct ones. The built-in palette begins with black if the first class is called
// background or the like, or if the classes have no names.
std::vector<uint32_t> palette_of(const Config& config, int classes);

}  // namespace atrous
