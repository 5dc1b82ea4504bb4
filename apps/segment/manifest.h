// DIR/manifest.jsonl: one line of JSON per input, in the order of the inputs, whatever order they end in. Appears
// whole, under its name, when the run ends or is interrupted; until then the lines are in DIR/.manifest.jsonl.part.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace atrous {

struct ManifestLine {
    std::string input;                 // as the user would name it
    bool done = false;                 // else failed
    std::vector<std::string> outputs;  // relative to the folder of the manifest
    std::string error;                 // failed only
    double seconds = 0;
    std::string key;  // of the input's bytes, the network and the options; empty when the input could not be read
};

class Manifest {
  public:
    explicit Manifest(const std::filesystem::path& directory);  // throws OutputError, as all members do
    ~Manifest();                                                // not finished: leaves nothing behind
    Manifest(const Manifest&) = delete;
    Manifest& operator=(const Manifest&) = delete;

    void record(size_t index, ManifestLine line);  // the line of the index-th input; from any thread
    size_t finish();  // also what waits for a line before it; then renames; returns how many lines there are

  private:
    void write(const ManifestLine& line);  // wholly or not at all
    void close_without_trace();

    std::filesystem::path file_, part_;
    int descriptor_ = -1;
    std::mutex mutex_;
    std::map<size_t, ManifestLine> waiting_;
    size_t next_ = 0, lines_ = 0, bytes_ = 0;
};

}  // namespace atrous
