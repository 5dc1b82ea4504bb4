#include <cstddef>
#include <cstdio>
// jpeglib.h wants size_t and FILE declared before it.
#include <jpeglib.h>
// jerror.h wants jpeglib.h.
#include <jerror.h>

#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "runtime/error.h"
#include "runtime/image_formats.h"

namespace atrous {
namespace {

// A progressive file may repeat scans over the whole picture for almost no bytes; real ones have about ten.
constexpr int max_scans = 100;

struct Failure {
    jpeg_error_mgr manager;  // first, so that libjpeg's pointer is also ours
    std::jmp_buf place;
    char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void fail(j_common_ptr jpeg) {
    auto* failure = reinterpret_cast<Failure*>(jpeg->err);
    jpeg->err->format_message(jpeg, failure->message);
    std::longjmp(failure->place, 1);
}

// libjpeg only warns when pixels are missing or wrong, and fills them with gray. Here such a picture is broken; what
// leaves the pixels whole stays a warning, and unsaid.
void on_message(j_common_ptr jpeg, int level) {
    if (level >= 0) return;
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        fail(jpeg);
    default:
        break;
    }
}

void print_nothing(j_common_ptr) {}

void count_scans(j_common_ptr jpeg) {
    const auto* decompress = reinterpret_cast<j_decompress_ptr>(jpeg);
    if (decompress->input_scan_number <= max_scans) return;
    auto* failure = reinterpret_cast<Failure*>(jpeg->err);
    std::snprintf(failure->message, sizeof failure->message, "more than %d scans", max_scans);
    std::longjmp(failure->place, 1);
}

class JpegReader {
  public:
    explicit JpegReader(Bytes file) {
        jpeg_.err = jpeg_std_error(&failure_.manager);
        failure_.manager.error_exit = fail;
        failure_.manager.emit_message = on_message;
        failure_.manager.output_message = print_nothing;
        progress_.progress_monitor = count_scans;
        // Creating and the memory source fail only for lack of memory.
        if (!guarded([&] {
                jpeg_create_decompress(&jpeg_);
                jpeg_.progress = &progress_;
                jpeg_mem_src(&jpeg_, file.data(), static_cast<unsigned long>(file.size()));
            })) {
            jpeg_destroy_decompress(&jpeg_);
            throw std::bad_alloc();
        }
    }
    ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }
    JpegReader(const JpegReader&) = delete;
    JpegReader& operator=(const JpegReader&) = delete;

    bool read_header() {
        return guarded([this] {
            jpeg_save_markers(&jpeg_, JPEG_APP0 + 1, 0xffff);
            jpeg_save_markers(&jpeg_, JPEG_APP0 + 2, 0xffff);
            jpeg_read_header(&jpeg_, TRUE);
        });
    }

    // Gray or RGB rows, as channels() says.
    bool read_pixels(uint8_t* pixels) {
        return guarded([this, pixels] { rows(pixels); });
    }

    std::vector<uint8_t> icc() {
        JOCTET* data = nullptr;
        unsigned size = 0;
        bool found = false;
        if (!guarded([&] { found = jpeg_read_icc_profile(&jpeg_, &data, &size); }) || !found) return {};
        const std::unique_ptr<JOCTET, decltype(&std::free)> owner(data, &std::free);
        return {data, data + size};
    }

    Bytes exif() const {
        for (jpeg_saved_marker_ptr marker = jpeg_.marker_list; marker != nullptr; marker = marker->next) {
            if (marker->marker == JPEG_APP0 + 1 && marker->data_length > 6 &&
                std::memcmp(marker->data, "Exif\0", 6) == 0) {
                return {marker->data, marker->data_length};
            }
        }
        return {};
    }

    unsigned width() const { return jpeg_.image_width; }
    unsigned height() const { return jpeg_.image_height; }
    int components() const { return jpeg_.num_components; }
    size_t bytes_left() const { return jpeg_.src->bytes_in_buffer; }
    const char* message() const { return failure_.message; }

  private:
    // As in image_png.cpp: nothing with a destructor may live inside a step.
    template <typename Step>
    bool guarded(const Step& step) {
        if (setjmp(failure_.place) != 0) return false;
        step();
        return true;
    }

    void rows(uint8_t* pixels) {
        const size_t row_bytes = static_cast<size_t>(width()) * (components() == 1 ? 1 : 3);
        if (components() == 4) jpeg_.out_color_space = JCS_CMYK;
        jpeg_start_decompress(&jpeg_);
        if (components() == 4) {
            cmyk_rows(pixels, row_bytes);
        } else {
            while (jpeg_.output_scanline < jpeg_.output_height) {
                JSAMPROW row = pixels + jpeg_.output_scanline * row_bytes;
                jpeg_read_scanlines(&jpeg_, &row, 1);
            }
        }
        jpeg_finish_decompress(&jpeg_);
    }

    void cmyk_rows(uint8_t* pixels, size_t row_bytes) {
        JSAMPARRAY row = jpeg_.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&jpeg_), JPOOL_IMAGE, width() * 4, 1);
        while (jpeg_.output_scanline < jpeg_.output_height) {
            uint8_t* out = pixels + jpeg_.output_scanline * row_bytes;
            jpeg_read_scanlines(&jpeg_, row, 1);
            for (size_t x = 0; x < width(); ++x) cmyk_to_rgb(row[0] + 4 * x, out + 3 * x);
        }
    }

    // CMYK in a JPEG is inverted, as Adobe began it and everyone followed: 255 means no ink. Light that gets through
    // the ink and the black: Pillow's arithmetic.
    static void cmyk_to_rgb(const uint8_t* cmyk, uint8_t* rgb) {
        const int white = cmyk[3];
        for (int c = 0; c < 3; ++c) {
            const int product = (255 - cmyk[c]) * white + 128;
            rgb[c] = static_cast<uint8_t>(white - ((product + (product >> 8)) >> 8));
        }
    }

    jpeg_decompress_struct jpeg_{};
    jpeg_progress_mgr progress_{};
    Failure failure_;
};

}  // namespace

Decoded decode_jpeg(Bytes file, const std::string& name, const ReadLimits& limits) {
    JpegReader jpeg(file);
    const auto broken = [&] {
        throw_broken(name, "JPEG", jpeg.message(), file.size() - jpeg.bytes_left(), file.size());
    };
    if (!jpeg.read_header()) broken();
    const int components = jpeg.components();
    if (components != 1 && components != 3 && components != 4) {
        throw Error(name,
                    "the JPEG has " + std::to_string(components) +
                        " colour components, 1 (gray), 3 (colour) or 4 (CMYK) were expected",
                    "convert it to RGB");
    }
    Decoded decoded;
    decoded.image = make_image(jpeg.width(), jpeg.height(), components == 1 ? 1 : 3, 8, name, limits);
    // libjpeg forgets the markers once the pixels are read.
    if (components != 4) decoded.image.icc = jpeg.icc();  // a profile of inks says nothing about RGB
    decoded.orientation = exif_orientation(jpeg.exif());
    if (!jpeg.read_pixels(decoded.image.pixels.data())) broken();
    return decoded;
}

}  // namespace atrous
