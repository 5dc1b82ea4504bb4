// How a picture becomes a tensor and a tensor a picture: the config of cli.md, read strictly (an unknown key is an
// error), and the two conversions.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/image.h"

namespace atrous {

struct Config {
    enum class Channels { rgb, bgr, gray };
    enum class Resize { unset, fixed, none };
    enum class Activation { none, sigmoid, softmax, minmax };

    // input
    Channels channels = Channels::rgb;
    std::optional<double> divide = 255.0;  // nullopt: by the picture's own maximum ("max")
    std::vector<double> mean{0, 0, 0}, std{1, 1, 1};
    Resize resize = Resize::unset;         // fixed when the model declares a size, none otherwise
    Filter filter = Filter::bilinear;
    int multiple = 1;
    // output
    std::string output;                    // empty: the model's first
    Activation activation = Activation::none;
    std::vector<std::string> classes;
    std::vector<uint32_t> palette;         // 0xrrggbb; empty: a built-in palette
};

// `subject` is what error messages name: a file.
Config parse_config(const std::string& json, const std::string& subject);
std::string to_json(const Config& config);
std::string config_template();  // all keys with their defaults, for the user to fill in

// Geometry of one conversion, needed to bring the result back.
struct Placement {
    int picture_width = 0, picture_height = 0;  // the picture
    int content_width = 0, content_height = 0;  // what the network sees of it (before padding)
    int width = 0, height = 0;                  // the tensor
};

// Picture → 1×C×H×W floats. declared_width/height: the model's own size, 0 where free. Pillow's arithmetic for resizing (on
// 8 bits), then (value / divide − mean) / std in float. Padding (to `multiple`) is 0 after normalisation, right and bottom.
std::vector<float> to_tensor(const Image& picture, const Config& config, int declared_width, int declared_height,
                             Placement& placement);

// One output plane set C×h×w (of a tensor with placement.width × height input; the output may be smaller: scaled back
// over the same field) → activation applied, cropped. `scores` is C×H×W at picture size where asked for.
struct Segmentation {
    int classes = 1;
    Image mask;                   // one-channel networks: 8-bit gray, picture size
    std::vector<uint16_t> labels; // several classes: argmax per pixel, picture size
    std::vector<float> scores;    // C×H×W, picture size, only with want_scores
};
Segmentation from_tensor(const float* output, int classes, int height, int width, const Placement& placement,
                         const Config& config, bool want_scores);

// rgba with the mask as alpha (times the picture's own alpha).
Image cutout(const Image& picture, const Image& mask);
// The picture with the mask or the classes' colours over it.
Image overlay(const Image& picture, const Segmentation& segmentation, const Config& config);
std::vector<uint32_t> palette_of(const Config& config, int classes);  // configured colours, completed by distinct ones

}  // namespace atrous
