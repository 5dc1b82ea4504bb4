#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/config.h"
#include "runtime/error.h"

namespace atrous {
namespace {

using Activation = Config::Activation;

constexpr int64_t most_elements = std::numeric_limits<int32_t>::max();
constexpr int most_classes = 65536;

std::string size_text(int width, int height) {
    return std::to_string(width) + "×" + std::to_string(height);
}

// ---- pictures to tensors

int scaled(int size, int numerator, int denominator) {
    const int64_t rounded = (int64_t{size} * numerator * 2 + denominator) / (int64_t{denominator} * 2);
    return static_cast<int>(std::clamp<int64_t>(rounded, 1, most_elements));
}

// What the network is to see of the picture, before padding.
void place_content(Placement& placement, Config::Resize resize, int declared_width, int declared_height) {
    const int width = placement.picture_width, height = placement.picture_height;
    const bool any_declared = declared_width > 0 || declared_height > 0;
    if (resize == Config::Resize::fixed && !any_declared) {
        throw Error("config", "\"resize\" is \"fixed\", but the model declares neither height nor width",
                    "write \"none\"");
    }
    placement.content_width = width;
    placement.content_height = height;
    if (!any_declared || resize == Config::Resize::none) return;
    placement.content_width = declared_width > 0 ? declared_width : scaled(width, declared_height, height);
    placement.content_height = declared_height > 0 ? declared_height : scaled(height, declared_width, width);
}

int64_t padded(int size, int declared, int multiple) {
    return declared > 0 ? declared : (int64_t{size} + multiple - 1) / multiple * multiple;
}

Placement place(const Image& picture, const Config& config, int declared_width, int declared_height) {
    Placement placement{picture.width, picture.height};
    place_content(placement, config.resize, declared_width, declared_height);
    const int64_t width = padded(placement.content_width, declared_width, config.multiple);
    const int64_t height = padded(placement.content_height, declared_height, config.multiple);
    if (placement.content_width > width || placement.content_height > height) {
        throw Error("config",
                    "\"resize\" is \"none\", but the picture is " + size_text(picture.width, picture.height) +
                        " and the model takes at most " + size_text(static_cast<int>(width), static_cast<int>(height)),
                    "write \"fixed\"");
    }
    if (width > most_elements / height / channel_count(config)) {
        throw Error("picture", "it would need a tensor of more than 2147483647 numbers", "make it smaller");
    }
    placement.width = static_cast<int>(width);
    placement.height = static_cast<int>(height);
    return placement;
}

double of_channel(const std::vector<double>& numbers, size_t channel, double otherwise) {
    if (numbers.empty()) return otherwise;
    return numbers[numbers.size() > channel ? channel : 0];
}

// The 256 floats that the samples of one channel become. rembg computes in double and rounds once.
std::array<float, 256> values_of(const Config& config, size_t channel, double divide) {
    const double mean = of_channel(config.mean, channel, 0), std = of_channel(config.std, channel, 1);
    std::array<float, 256> values;
    for (size_t sample = 0; sample < values.size(); ++sample) {
        values[sample] = static_cast<float>((static_cast<double>(sample) / divide - mean) / std);
    }
    return values;
}

double divisor(const Image& content, const Config& config) {
    if (config.divide) return *config.divide;
    return std::max<double>(*std::max_element(content.pixels.begin(), content.pixels.end()), 1e-6);
}

// ---- tensors to pictures

// The part of an output that shows the picture: whole pixels of it, of which the box is wanted.
struct Crop {
    int width, height;
    Box box;
};

Crop crop_of(int width, int height, const Placement& placement) {
    const double right = static_cast<double>(width) * placement.content_width / placement.width;
    const double bottom = static_cast<double>(height) * placement.content_height / placement.height;
    return {std::clamp(static_cast<int>(std::ceil(right)), 1, width),
            std::clamp(static_cast<int>(std::ceil(bottom)), 1, height),
            {0, 0, static_cast<float>(right), static_cast<float>(bottom)}};
}

// One value per pixel of an output, class by class.
class Scores {
  public:
    Scores(const float* output, int classes, int height, int width, const Crop& crop, Activation activation)
        : output_(output),
          width_(width),
          plane_size_(static_cast<size_t>(height) * static_cast<size_t>(width)),
          crop_(crop),
          activation_(activation) {
        if (activation == Activation::minmax) find_extremes(classes);
        if (activation == Activation::softmax) find_denominators(classes);
    }

    // The crop of one class, after activation.
    std::vector<float> plane(int index) const {
        std::vector<float> values = cropped(index);
        switch (activation_) {
        case Activation::none:
            break;
        case Activation::sigmoid:
            for (float& value : values) value = 1.0f / (1.0f + std::exp(-value));
            break;
        case Activation::softmax:
            for (size_t i = 0; i < values.size(); ++i) values[i] = std::exp(values[i] - largest_[i]) / sums_[i];
            break;
        case Activation::minmax:
            for (float& value : values) value = (value - minimum_) / (maximum_ - minimum_);
            break;
        }
        for (float& value : values) {
            if (std::isnan(value)) value = 0;
        }
        return values;
    }

  private:
    std::vector<float> cropped(int index) const {
        const float* plane = output_ + plane_size_ * static_cast<size_t>(index);
        std::vector<float> values;
        values.reserve(static_cast<size_t>(crop_.width) * static_cast<size_t>(crop_.height));
        for (int y = 0; y < crop_.height; ++y) {
            const float* row = plane + static_cast<size_t>(y) * static_cast<size_t>(width_);
            values.insert(values.end(), row, row + crop_.width);
        }
        return values;
    }

    void find_extremes(int classes) {
        for (int index = 0; index < classes; ++index) {
            for (const float value : cropped(index)) {
                minimum_ = std::fmin(minimum_, value);
                maximum_ = std::fmax(maximum_, value);
            }
        }
    }

    void find_denominators(int classes) {
        largest_ = cropped(0);
        for (int index = 1; index < classes; ++index) {
            const std::vector<float> values = cropped(index);
            for (size_t i = 0; i < values.size(); ++i) largest_[i] = std::fmax(largest_[i], values[i]);
        }
        sums_.assign(largest_.size(), 0.0f);
        for (int index = 0; index < classes; ++index) {
            const std::vector<float> values = cropped(index);
            for (size_t i = 0; i < values.size(); ++i) {
                const float term = std::exp(values[i] - largest_[i]);
                if (!std::isnan(term)) sums_[i] += term;
            }
        }
    }

    const float* output_;
    int width_;
    size_t plane_size_;
    Crop crop_;
    Activation activation_;
    float minimum_ = std::numeric_limits<float>::infinity(), maximum_ = -std::numeric_limits<float>::infinity();
    std::vector<float> largest_, sums_;  // softmax: per pixel
};

// 0 … 1 as 0 … 255. rembg cuts the fraction off where the largest value is 1 anyway; otherwise the nearest is closer.
std::vector<uint8_t> gray_of(const std::vector<float>& values, bool cut_off) {
    std::vector<uint8_t> gray(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
        const float level = values[i] * 255.0f + (cut_off ? 0.0f : 0.5f);
        gray[i] = static_cast<uint8_t>(std::clamp(level, 0.0f, 255.0f));
    }
    return gray;
}

void segment_one(const Scores& scores, const Crop& crop, const Config& config, bool want_scores, Segmentation& result) {
    std::vector<float> values = scores.plane(0);
    const Image small{crop.width, crop.height, 1, 8, gray_of(values, config.activation == Activation::minmax), {}};
    result.mask = resize(small, result.width, result.height, config.filter, crop.box);
    if (want_scores) {
        result.scores = resize(values, crop.width, crop.height, result.width, result.height, config.filter, crop.box);
    }
}

void segment_classes(const Scores& scores, const Crop& crop, const Config& config, bool want_scores,
                     Segmentation& result) {
    const size_t pixels = static_cast<size_t>(result.width) * static_cast<size_t>(result.height);
    result.labels.assign(pixels, 0);
    std::vector<float> best;
    for (int index = 0; index < result.classes; ++index) {
        const std::vector<float> values =
            resize(scores.plane(index), crop.width, crop.height, result.width, result.height, config.filter, crop.box);
        if (want_scores) result.scores.insert(result.scores.end(), values.begin(), values.end());
        if (index == 0) {
            best = values;
            continue;
        }
        for (size_t i = 0; i < pixels; ++i) {
            if (values[i] > best[i]) {
                best[i] = values[i];
                result.labels[i] = static_cast<uint16_t>(index);
            }
        }
    }
}

void check_output(int classes, int height, int width) {
    if (classes < 1 || height < 1 || width < 1) {
        throw Error("output", "it has the shape " + std::to_string(classes) + "×" + std::to_string(height) + "×" +
                                  std::to_string(width) + ", classes and pixels were expected");
    }
    if (classes > most_classes) {
        throw Error("output", "it has " + std::to_string(classes) + " classes, at most 65536 are possible");
    }
}

}  // namespace

std::vector<float> to_tensor(const Image& picture, const Config& config, int declared_width, int declared_height,
                             Placement& placement) {
    placement = place(picture, config, declared_width, declared_height);
    const int channels = channel_count(config);
    const Image content = resize(to_channels(to_eight_bits(picture), channels), placement.content_width,
                                 placement.content_height, config.filter);
    const double divide = divisor(content, config);
    const size_t plane = static_cast<size_t>(placement.width) * static_cast<size_t>(placement.height);
    std::vector<float> tensor(plane * static_cast<size_t>(channels));
    for (int channel = 0; channel < channels; ++channel) {
        const auto values = values_of(config, static_cast<size_t>(channel), divide);
        const int source = config.channels == Config::Channels::bgr ? 2 - channel : channel;
        const uint8_t* sample = content.pixels.data() + source;
        for (int y = 0; y < content.height; ++y) {
            float* row = tensor.data() + plane * static_cast<size_t>(channel) +
                         static_cast<size_t>(y) * static_cast<size_t>(placement.width);
            for (int x = 0; x < content.width; ++x, sample += channels) row[x] = values[*sample];
        }
    }
    return tensor;
}

Segmentation from_tensor(const float* output, int classes, int height, int width, const Placement& placement,
                         const Config& config, bool want_scores) {
    check_output(classes, height, width);
    if (classes == 1 && config.activation == Activation::softmax) {
        throw Error("config", "\"activation\" is \"softmax\", which is 1 everywhere for an output of one channel",
                    "write \"sigmoid\", \"minmax\" or \"none\"");
    }
    const Crop crop = crop_of(width, height, placement);
    const Scores scores(output, classes, height, width, crop, config.activation);
    Segmentation result{classes, placement.picture_width, placement.picture_height, {}, {}, {}};
    if (classes == 1) {
        segment_one(scores, crop, config, want_scores, result);
    } else {
        segment_classes(scores, crop, config, want_scores, result);
    }
    return result;
}

Segmentation from_labels(const std::vector<uint16_t>& labels, int classes, int height, int width,
                         const Placement& placement) {
    check_output(classes, height, width);
    if (labels.size() != static_cast<size_t>(height) * static_cast<size_t>(width)) {
        throw Error("output", "it has " + std::to_string(labels.size()) + " labels, " + size_text(width, height) +
                                  " were expected");
    }
    const Crop crop = crop_of(width, height, placement);
    Image map{width, height, 1, 16, std::vector<uint8_t>(labels.size() * 2), {}};
    std::memcpy(map.pixels.data(), labels.data(), map.pixels.size());
    const Image scaled = resize(map, placement.picture_width, placement.picture_height, Filter::nearest, crop.box);
    Segmentation result{classes, placement.picture_width, placement.picture_height, {}, {}, {}};
    result.labels.resize(scaled.pixels.size() / 2);
    std::memcpy(result.labels.data(), scaled.pixels.data(), scaled.pixels.size());
    return result;
}

}  // namespace atrous
