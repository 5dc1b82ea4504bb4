#include "apps/segment/picture.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>

#include "apps/npy.h"
#include "apps/segment/label_map.h"
#include "apps/segment/output.h"
#include "runtime/input_file.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

constexpr size_t longest_name = 255;  // bytes, on the file systems of Linux

Image labels_image(const Segmentation& segmentation, int width, int height) {
    Image image{width, height, 1, 16, {}, {}};
    image.pixels.resize(segmentation.labels.size() * sizeof(uint16_t));
    std::memcpy(image.pixels.data(), segmentation.labels.data(), image.pixels.size());
    return image;
}

std::vector<uint8_t> encode_labels(const Segmentation& segmentation, const Image& picture, const Config& config) {
    if (segmentation.classes > 256) return encode_png(labels_image(segmentation, picture.width, picture.height));
    const std::vector<uint8_t> labels(segmentation.labels.begin(), segmentation.labels.end());
    return encode_palette_png(labels, picture.width, picture.height, palette_of(config, segmentation.classes));
}

std::vector<uint8_t> encode_scores(const Segmentation& segmentation, const Image& picture) {
    const std::string header = npy_header(ATROUS_F32, {segmentation.classes, picture.height, picture.width});
    const size_t data = segmentation.scores.size() * sizeof(float);
    std::vector<uint8_t> bytes(header.size() + data);
    std::memcpy(bytes.data(), header.data(), header.size());
    std::memcpy(bytes.data() + header.size(), segmentation.scores.data(), data);
    return bytes;
}

void check_names(const Input& input, const std::vector<Format>& formats) {
    const size_t name = fs::path(input.place).filename().string().size();
    for (const Format format : formats) {
        if (name + std::strlen(format_suffix(format)) > longest_name) {
            throw Error(input.file,
                        std::string("its name is too long for ") + format_suffix(format) + " to be added to it",
                        "give it a shorter name");
        }
    }
}

}  // namespace

PictureWorker::PictureWorker(PictureJob job) : job_(std::move(job)) {
    for (int i = 0; i < job_.runs; ++i) runners_.push_back(std::make_unique<Runner>(job_.network));
}

ManifestLine PictureWorker::run(const Input& input) {
    const auto start = std::chrono::steady_clock::now();
    ManifestLine line;
    line.input = input.file;
    try {
        segment(input, line);
        line.done = true;
    } catch (const OutputError&) {
        throw;
    } catch (const Error& error) {
        const std::string text = error.what();
        line.error = text.starts_with(input.file) ? text : input.file + ": " + text;
    } catch (const std::bad_alloc&) {
        line.error = input.file + ": there is not enough memory for this picture; make it smaller or use fewer threads";
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    line.seconds = elapsed.count();
    return line;
}

void PictureWorker::segment(const Input& input, ManifestLine& line) {
    if (!input.problem.empty()) throw Error(input.problem);
    check_names(input, job_.formats);
    const Image picture = read_image(input.file, ReadLimits{job_.max_pixels});
    line.key = key_of(input);
    const Segmentation segmentation = apply_network(picture);
    line.outputs = write_results(input, picture, segmentation);
}

Segmentation PictureWorker::apply_network(const Image& picture) {
    Placement placement;
    const std::vector<float> pixels = to_tensor(picture, job_.config, job_.task.width, job_.task.height, placement);
    Tensor tensor;
    tensor.shape = {1, job_.task.channels, placement.height, placement.width};
    tensor.bytes.resize(pixels.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), pixels.data(), tensor.bytes.size());

    const std::vector<Tensor> outputs = run_network(std::move(tensor));
    const Tensor& output = outputs.at(job_.task.output);
    const auto height = static_cast<int>(output.shape.at(output.shape.size() - 2));
    const auto width = static_cast<int>(output.shape.back());
    if (job_.task.label_map) return from_label_map(output, height, width, placement);
    return from_tensor(output.floats(), job_.task.classes, height, width, placement, job_.config,
                       wants(Format::probabilities));
}

// More classes than the config names are taken as they come.
Segmentation PictureWorker::from_label_map(const Tensor& map, int height, int width, const Placement& placement) const {
    const std::vector<uint16_t> labels = labels_of(map);
    int classes = job_.task.classes;
    for (const uint16_t label : labels) classes = std::max(classes, label + 1);
    return from_labels(labels, classes, height, width, placement);
}

std::vector<std::string> PictureWorker::write_results(const Input& input, const Image& picture,
                                                      const Segmentation& segmentation) {
    make_folder((job_.directory / input.place).parent_path());
    std::vector<std::string> names;
    for (const Format format : job_.formats) {
        const std::string name = input.place + format_suffix(format);
        write_result(job_.directory / name, format, picture, segmentation);
        names.push_back(name);
    }
    return names;
}

void PictureWorker::write_result(const fs::path& file, Format format, const Image& picture,
                                 const Segmentation& segmentation) {
    switch (format) {
    case Format::mask:
        return store_whole(file, encode_png(segmentation.mask));
    case Format::cutout:
        return store_whole(file, encode_png(cutout(picture, segmentation.mask)));
    case Format::labels:
        return store_whole(file, encode_labels(segmentation, picture, job_.config));
    case Format::overlay:
        return store_whole(file, encode_png(overlay(picture, segmentation, job_.config)));
    case Format::probabilities:
        return store_whole(file, encode_scores(segmentation, picture));
    }
}

void PictureWorker::store_whole(const fs::path& file, const std::vector<uint8_t>& bytes) {
    const std::shared_lock lock(writing_);
    store(file, bytes.data(), bytes.size());
}

// The same key means the same results: the input's bytes, the model's hash, its config, the formats and our version.
std::string PictureWorker::key_of(const Input& input) const {
    const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
    if (!state) throw std::bad_alloc();
    XXH3_128bits_reset(state.get());
    const LibraryInfo& info = job_.network.library().info();
    std::string facts = ATROUS_VERSION "\n" + info.model_sha256 + "\n" + info.config_json + "\n";
    for (const Format format : job_.formats) facts += std::string(format_name(format)) + "\n";
    XXH3_128bits_update(state.get(), facts.data(), facts.size());

    InputFile file(input.file);
    std::vector<char> piece(size_t{1} << 20);
    while (const size_t count = file.read(piece.data(), piece.size())) {
        XXH3_128bits_update(state.get(), piece.data(), count);
    }
    const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
    char text[33];
    std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return text;
}

bool PictureWorker::wants(Format format) const {
    return std::find(job_.formats.begin(), job_.formats.end(), format) != job_.formats.end();
}

// With a runner that is idle, after waiting for one where all are at work.
std::vector<Tensor> PictureWorker::run_network(Tensor input) {
    std::unique_lock lock(runners_mutex_);
    runner_is_free_.wait(lock, [this] { return !runners_.empty(); });
    std::unique_ptr<Runner> runner = std::move(runners_.back());
    runners_.pop_back();
    lock.unlock();
    const auto give_back = [this](Runner* used) {
        const std::lock_guard again(runners_mutex_);
        runners_.emplace_back(used);
        runner_is_free_.notify_one();
    };
    const std::unique_ptr<Runner, decltype(give_back)> loan(runner.release(), give_back);
    return loan->run({std::move(input)}, job_.threads);
}

}  // namespace atrous
