#include <png.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>

#include "runtime/error.h"
#include "runtime/image_formats.h"

namespace atrous {
namespace {

// Metadata chunks above this are refused, compressed ones (iCCP) also by their unpacked size.
constexpr png_alloc_size_t max_metadata = 64 << 20;
// libpng's own default: keeps row buffers and resampling tables small whatever --max-pixels allows.
constexpr png_uint_32 max_side = 1'000'000;
// Deflate packs at most 1032 bytes into one: a header that promises more than the file can hold is a lie, and is found
// out before memory is allocated for it.
constexpr size_t max_packing = 1032;

struct Reader {
    Bytes file;
    size_t position = 0;
    char message[160] = "";
};

struct Writer {
    std::vector<uint8_t>* bytes;
    char message[160] = "";
};

// libpng reports errors by longjmp, which must not skip a destructor: what runs between guarded() and an error holds
// trivial objects only, everything else belongs to the caller.
template <typename Step>
bool guarded(png_structp png, const Step& step) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    step();
    return true;
}

template <typename Side>
[[noreturn]] void on_error(png_structp png, png_const_charp message) {
    auto* side = static_cast<Side*>(png_get_error_ptr(png));
    std::snprintf(side->message, sizeof side->message, "%s", message);
    png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep data, size_t size) {
    auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
    if (size > reader->file.size() - reader->position) {
        reader->position = reader->file.size();
        png_error(png, "the file ends too early");
    }
    std::memcpy(data, reader->file.data() + reader->position, size);
    reader->position += size;
}

void write_bytes(png_structp png, png_bytep data, size_t size) {
    auto* writer = static_cast<Writer*>(png_get_io_ptr(png));
    bool stored = true;
    try {
        writer->bytes->insert(writer->bytes->end(), data, data + size);
    } catch (const std::bad_alloc&) {
        stored = false;
    }
    if (!stored) png_error(png, "out of memory");
}

void flush_nothing(png_structp) {}

class PngReader {
  public:
    explicit PngReader(Bytes file) : reader_{file} {
        png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader_, on_error<Reader>, on_warning);
        if (png_ == nullptr) throw std::bad_alloc();
        info_ = png_create_info_struct(png_);
        if (info_ == nullptr) {
            png_destroy_read_struct(&png_, nullptr, nullptr);
            throw std::bad_alloc();
        }
    }
    ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
    PngReader(const PngReader&) = delete;
    PngReader& operator=(const PngReader&) = delete;

    bool read_header() {
        return guarded(png_, [this] { header(); });
    }
    bool read_pixels(uint8_t* pixels) {
        return guarded(png_, [this, pixels] { rows(pixels); });
    }

    png_uint_32 width() const { return png_get_image_width(png_, info_); }
    png_uint_32 height() const { return png_get_image_height(png_, info_); }
    int channels() const { return png_get_channels(png_, info_); }
    int bits() const { return png_get_bit_depth(png_, info_); }
    size_t packed_row_bytes() const { return packed_row_bytes_; }
    const Reader& reader() const { return reader_; }

    std::vector<uint8_t> icc() const {
        png_charp name = nullptr;
        png_bytep profile = nullptr;
        png_uint_32 size = 0;
        int compression = 0;
        if (png_get_iCCP(png_, info_, &name, &compression, &profile, &size) == 0) return {};
        return {profile, profile + size};
    }

    Bytes exif() const {
        png_uint_32 size = 0;
        png_bytep exif = nullptr;
        if (png_get_eXIf_1(png_, info_, &size, &exif) == 0) return {};
        return {exif, size};
    }

  private:
    void header() {
        // Texts and palettes to suggest are never wanted, and texts may unpack to anything: not even read.
        static const png_byte unwanted[] = "tEXt\0zTXt\0iTXt\0sPLT";
        png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, unwanted, 4);
        png_set_user_limits(png_, max_side, max_side);
        png_set_chunk_malloc_max(png_, max_metadata);
        png_set_option(png_, PNG_SKIP_sRGB_CHECK_PROFILE, PNG_OPTION_ON);
        png_set_read_fn(png_, &reader_, read_bytes);
        png_read_info(png_, info_);
        packed_row_bytes_ = png_get_rowbytes(png_, info_);

        png_set_expand(png_);  // palettes, 1, 2 and 4 bits, tRNS
        if constexpr (std::endian::native == std::endian::little) png_set_swap(png_);
        passes_ = png_set_interlace_handling(png_);
        png_read_update_info(png_, info_);
    }

    void rows(uint8_t* pixels) {
        const size_t row_bytes = png_get_rowbytes(png_, info_);
        const png_uint_32 rows = height();
        for (int pass = 0; pass < passes_; ++pass) {
            for (png_uint_32 y = 0; y < rows; ++y) png_read_row(png_, pixels + y * row_bytes, nullptr);
        }
        png_read_end(png_, info_);
    }

    Reader reader_;
    png_structp png_ = nullptr;
    png_infop info_ = nullptr;
    size_t packed_row_bytes_ = 0;
    int passes_ = 1;
};

class PngWriter {
  public:
    explicit PngWriter(std::vector<uint8_t>& bytes) : writer_{&bytes} {
        png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer_, on_error<Writer>, on_warning);
        if (png_ == nullptr) throw std::bad_alloc();
        info_ = png_create_info_struct(png_);
        if (info_ == nullptr) {
            png_destroy_write_struct(&png_, nullptr);
            throw std::bad_alloc();
        }
    }
    ~PngWriter() { png_destroy_write_struct(&png_, &info_); }
    PngWriter(const PngWriter&) = delete;
    PngWriter& operator=(const PngWriter&) = delete;

    // `describe(png, info)` sets the header; it may not hold anything that has a destructor.
    template <typename Describe>
    void write(const uint8_t* pixels, size_t row_bytes, int rows, const Describe& describe) {
        const bool done = guarded(png_, [&] {
            png_set_write_fn(png_, &writer_, write_bytes, flush_nothing);
            png_set_compression_level(png_, 4);  // photographs: a third to a half of the default's time, 0–4 % larger
            describe(png_, info_);
            png_write_info(png_, info_);
            if (std::endian::native == std::endian::little) png_set_swap(png_);
            for (int y = 0; y < rows; ++y) png_write_row(png_, pixels + static_cast<size_t>(y) * row_bytes);
            png_write_end(png_, nullptr);
        });
        if (!done) throw Error("PNG", std::string("cannot be encoded: ") + writer_.message);
    }

  private:
    Writer writer_;
    png_structp png_ = nullptr;
    png_infop info_ = nullptr;
};

// A profile for another kind of pixels (a gray one on RGB, say) makes a PNG invalid: it is left out.
bool profile_fits(const std::vector<uint8_t>& icc, int channels) {
    if (icc.size() < 132) return false;
    return std::memcmp(icc.data() + 16, channels < 3 ? "GRAY" : "RGB ", 4) == 0;
}

}  // namespace

Decoded decode_png(Bytes file, const std::string& name, const ReadLimits& limits) {
    PngReader png(file);
    const auto broken = [&] { throw_broken(name, "PNG", png.reader().message, png.reader().position, file.size()); };
    if (!png.read_header()) broken();
    const uint64_t unpacked = uint64_t{png.packed_row_bytes()} * png.height();
    if (static_cast<uint64_t>(png.width()) * png.height() <= static_cast<uint64_t>(limits.max_pixels) &&
        unpacked / max_packing > file.size()) {
        throw_broken(name, "PNG", "the file is too short for the size in its header");
    }
    Decoded decoded;
    decoded.image = make_image(png.width(), png.height(), png.channels(), png.bits(), name, limits);
    if (!png.read_pixels(decoded.image.pixels.data())) broken();
    decoded.image.icc = png.icc();
    decoded.orientation = exif_orientation(png.exif());
    return decoded;
}

std::vector<uint8_t> encode_png(const Image& image) {
    static constexpr int color_types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                          PNG_COLOR_TYPE_RGB_ALPHA};
    const bool with_icc = profile_fits(image.icc, image.channels);
    std::vector<uint8_t> bytes;
    PngWriter png(bytes);
    const size_t row_bytes = static_cast<size_t>(image.width) * image.channels * (image.bits / 8);
    png.write(image.pixels.data(), row_bytes, image.height, [&](png_structp out, png_infop info) {
        png_set_user_limits(out, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
        png_set_IHDR(out, info, image.width, image.height, image.bits, color_types[image.channels - 1],
                     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
        png_set_benign_errors(out, 1);  // a profile that libpng rejects is left out
        png_set_option(out, PNG_SKIP_sRGB_CHECK_PROFILE, PNG_OPTION_ON);
        if (with_icc) {
            png_set_iCCP(out, info, "ICC profile", PNG_COMPRESSION_TYPE_BASE, image.icc.data(),
                         static_cast<png_uint_32>(image.icc.size()));
        }
    });
    return bytes;
}

std::vector<uint8_t> encode_palette_png(const std::vector<uint8_t>& labels, int width, int height,
                                        const std::vector<uint32_t>& palette) {
    png_color colors[PNG_MAX_PALETTE_LENGTH];
    const int count = static_cast<int>(std::min<size_t>(palette.size(), PNG_MAX_PALETTE_LENGTH));
    const auto largest = std::max_element(labels.begin(), labels.end());
    if (largest != labels.end() && *largest >= count) {
        throw Error("labels",
                    "the label " + std::to_string(*largest) + " has no colour in a palette of " + std::to_string(count),
                    "give it one");
    }
    for (int i = 0; i < count; ++i) {
        colors[i] = {static_cast<png_byte>(palette[i] >> 16), static_cast<png_byte>(palette[i] >> 8),
                     static_cast<png_byte>(palette[i])};
    }
    std::vector<uint8_t> bytes;
    PngWriter png(bytes);
    png.write(labels.data(), static_cast<size_t>(width), height, [&](png_structp out, png_infop info) {
        png_set_user_limits(out, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
        png_set_IHDR(out, info, width, height, 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE,
                     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
        png_set_PLTE(out, info, colors, count);
    });
    return bytes;
}

}  // namespace atrous
