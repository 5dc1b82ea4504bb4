// segment_picture PICTURE CUTOUT.png: cuts out what the network finds, with nothing but what find_package(Atrous)
// gives.
#include <atrous/config.h>
#include <atrous/library.h>

#include <cstring>
#include <iostream>

#include "segnet.h"  // made of the model by atrous_add_network(segnet …)

namespace {

void segment(const char* picture_file, const char* cutout_file) {
    const auto library = atrous::Library::linked(segnet_network_v1);
    const atrous::LibraryInfo& info = library->info();
    const atrous::Config config = atrous::parse_config(info.config_json, info.name);
    const atrous::OpenNetwork network(library);
    atrous::Runner runner(network);

    const atrous::Image picture = atrous::read_image(picture_file);
    const std::vector<int64_t>& shape = info.inputs.at(0).shape;  // −1 where free
    atrous::Placement placement;
    const std::vector<float> pixels =
        atrous::to_tensor(picture, config, static_cast<int>(shape.at(2)), static_cast<int>(shape.at(3)), placement);
    atrous::Tensor tensor;
    tensor.shape = {1, atrous::channel_count(config), placement.height, placement.width};
    tensor.bytes.resize(pixels.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), pixels.data(), tensor.bytes.size());

    const std::vector<atrous::Tensor> outputs = runner.run({tensor}, 0);  // on all CPUs
    const atrous::Tensor& output = outputs.at(0);
    const atrous::Segmentation segmentation =
        atrous::from_tensor(output.floats(), static_cast<int>(output.shape.at(1)), static_cast<int>(output.shape.at(2)),
                            static_cast<int>(output.shape.at(3)), placement, config, false);
    const std::vector<uint8_t> png = atrous::encode_png(atrous::cutout(picture, segmentation.mask));
    atrous::write_file(cutout_file, png.data(), png.size());
    std::cout << cutout_file << ": made with code for " << network.target() << "\n";
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::cerr << "usage: segment_picture PICTURE CUTOUT.png\n";
        return 2;
    }
    try {
        segment(arguments[1], arguments[2]);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "segment_picture: " << error.what() << "\n";
        return 1;
    }
}
