// What a network can do with a picture, read from its inputs and outputs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/segment/options.h"
#include "runtime/config.h"
#include "runtime/error.h"
#include "runtime/library.h"

namespace atrous {

struct NetworkTask {
    int channels = 3;           // of the input: 3, or 1 for gray
    int height = 0, width = 0;  // declared by the model; 0 where free
    size_t output = 0;          // which of the network's outputs
    bool label_map = false;     // the output holds class numbers, not scores
    int classes = 1;            // scores: its channels; a label map: what the config names, 0 when it names none
};

// Throws Error when the network does not map one picture to one mask, scores or labels. `subject` is the model's file.
NetworkTask network_task(const LibraryInfo& info, const Config& config, const std::string& subject);

// The formats to write, in the order asked for; none asked for: mask for one channel, labels for classes. Throws Error
// for one that the network lacks.
std::vector<Format> choose_formats(const std::vector<std::string>& asked, const NetworkTask& task,
                                   const std::string& subject);

// No config was found for a model; comes with a template to fill in, for the program to print.
class ConfigMissing : public Error {
  public:
    ConfigMissing(const std::string& subject, std::string_view output_name);
    const std::string& config_template() const { return template_; }

  private:
    std::string template_;
};

// The config in the library. Throws ConfigMissing.
Config embedded_config(const LibraryInfo& info, const std::string& subject);

}  // namespace atrous
