#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>

#include "runtime/error.h"
#include "runtime/image_formats.h"

namespace atrous {
namespace {

using Demuxer = std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)>;
using AnimationDecoder = std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)>;

const char* text_of(VP8StatusCode status) {
    switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return "not enough memory to decode it";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return "it uses a feature that libwebp does not know";
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return "the file ends too early";
    default:
        return "the compressed pixels make no sense";
    }
}

std::vector<uint8_t> chunk(const WebPDemuxer* demuxer, const char* fourcc) {
    WebPChunkIterator iterator;
    if (WebPDemuxGetChunk(demuxer, fourcc, 1, &iterator) == 0) return {};
    const WebPData& data = iterator.chunk;
    std::vector<uint8_t> bytes(data.bytes, data.bytes + data.size);
    WebPDemuxReleaseChunkIterator(&iterator);
    return bytes;
}

struct Frame {
    WebPIterator iterator{};
    explicit Frame(const WebPDemuxer* demuxer) { WebPDemuxGetFrame(demuxer, 1, &iterator); }
    ~Frame() { WebPDemuxReleaseIterator(&iterator); }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;
};

void decode_still(const WebPData& data, Image& image, const std::string& name) {
    WebPDecoderConfig config;
    WebPInitDecoderConfig(&config);
    config.output.colorspace = image.channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = image.pixels.data();
    config.output.u.RGBA.stride = image.width * image.channels;
    config.output.u.RGBA.size = image.pixels.size();
    VP8StatusCode status = WebPGetFeatures(data.bytes, data.size, &config.input);
    if (status == VP8_STATUS_OK && (config.input.width != image.width || config.input.height != image.height)) {
        status = VP8_STATUS_BITSTREAM_ERROR;
    }
    if (status == VP8_STATUS_OK) status = WebPDecode(data.bytes, data.size, &config);
    if (status != VP8_STATUS_OK) throw_broken(name, "WebP", text_of(status));
}

// The first picture of an animation, on its whole canvas.
void decode_first_frame(Bytes file, Image& image, const std::string& name) {
    WebPAnimDecoderOptions options;
    WebPAnimDecoderOptionsInit(&options);
    options.color_mode = MODE_RGBA;
    const WebPData data{file.data(), file.size()};
    const AnimationDecoder decoder(WebPAnimDecoderNew(&data, &options), &WebPAnimDecoderDelete);
    uint8_t* pixels = nullptr;
    int timestamp = 0;
    if (decoder == nullptr || WebPAnimDecoderGetNext(decoder.get(), &pixels, &timestamp) == 0) {
        throw_broken(name, "WebP", "the first picture of the animation makes no sense");
    }
    std::memcpy(image.pixels.data(), pixels, image.pixels.size());
}

}  // namespace

Decoded decode_webp(Bytes file, const std::string& name, const ReadLimits& limits) {
    const WebPData data{file.data(), file.size()};
    WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
    const Demuxer demuxer(WebPDemuxPartial(&data, &state), &WebPDemuxDelete);
    if (demuxer == nullptr || state != WEBP_DEMUX_DONE) {
        const bool cut = state == WEBP_DEMUX_PARSING_HEADER || state == WEBP_DEMUX_PARSED_HEADER;
        throw_broken(name, "WebP", cut ? "the file ends too early" : "its chunks do not fit together");
    }
    const Frame frame(demuxer.get());
    if (frame.iterator.fragment.bytes == nullptr) {
        throw_broken(name, "WebP", "there is no picture in it");
    }
    const uint32_t flags = WebPDemuxGetI(demuxer.get(), WEBP_FF_FORMAT_FLAGS);
    const bool animated = (flags & ANIMATION_FLAG) != 0;
    const int channels = animated || frame.iterator.has_alpha ? 4 : 3;

    Decoded decoded;
    decoded.image = make_image(WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH),
                               WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT), channels, 8, name, limits);
    if (animated) {
        decode_first_frame(file, decoded.image, name);
    } else {
        decode_still(frame.iterator.fragment, decoded.image, name);
    }
    decoded.image.icc = chunk(demuxer.get(), "ICCP");
    decoded.orientation = exif_orientation(chunk(demuxer.get(), "EXIF"));
    return decoded;
}

}  // namespace atrous
