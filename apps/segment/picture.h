// One picture through the network: read, run, written in every format asked for.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "apps/segment/inputs.h"
#include "apps/segment/manifest.h"
#include "apps/segment/network_task.h"

namespace atrous {

// What is the same for all pictures of a run.
struct PictureJob {
    const OpenNetwork& network;
    Config config;
    NetworkTask task;
    std::vector<Format> formats;
    std::filesystem::path directory;
    int64_t max_pixels = 0;
    int threads = 1;  // of a run of the network
    int runs = 1;     // at the same time, at most: each has a workspace
};

class PictureWorker {
  public:
    explicit PictureWorker(PictureJob job);

    // From any thread. What is wrong with the picture is in the line; throws OutputError alone.
    ManifestLine run(const Input& input);

    // While this is held no file is half written.
    std::unique_lock<std::shared_mutex> hold_writing() { return std::unique_lock(writing_); }

  private:
    void segment(const Input& input, ManifestLine& line);
    Segmentation apply_network(const Image& picture);
    Segmentation from_label_map(const Tensor& map, int height, int width, const Placement& placement) const;
    std::vector<std::string> write_results(const Input& input, const Image& picture, const Segmentation& segmentation);
    void write_result(const std::filesystem::path& file, Format format, const Image& picture,
                      const Segmentation& segmentation);
    void store_whole(const std::filesystem::path& file, const std::vector<uint8_t>& bytes);
    std::string key_of(const Input& input) const;
    bool wants(Format format) const;
    std::vector<Tensor> run_network(Tensor input);

    const PictureJob job_;
    std::shared_mutex writing_;
    std::mutex runners_mutex_;
    std::condition_variable runner_is_free_;
    std::vector<std::unique_ptr<Runner>> runners_;  // idle; each keeps its workspace
};

}  // namespace atrous
