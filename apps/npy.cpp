#include "apps/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "apps/segment/output.h"
#include "runtime/error.h"
#include "runtime/input_file.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

// NumPy's type codes without byte order.
constexpr std::array<std::pair<const char*, int32_t>, 8> codes{{{"f4", ATROUS_F32},
                                                                {"i8", ATROUS_I64},
                                                                {"i4", ATROUS_I32},
                                                                {"u1", ATROUS_U8},
                                                                {"b1", ATROUS_BOOL},
                                                                {"i1", ATROUS_I8},
                                                                {"f8", ATROUS_F64},
                                                                {"f2", ATROUS_F16}}};

using Bytes = decltype(Tensor::bytes);

constexpr size_t longest_header = 1 << 16;
constexpr std::string_view magic("\x93NUMPY", 6);

[[noreturn]] void refuse(const fs::path& file, const std::string& problem, const std::string& advice = {}) {
    throw Error(file.string(), problem, advice.empty() ? "write it with numpy.save" : advice);
}

struct Header {
    int32_t type = 0;
    bool swapped = false, columns_first = false;
    std::vector<int64_t> shape;
};

// The header is a Python dictionary of three known keys: text, True or False, and a tuple of integers.
class HeaderParser {
  public:
    HeaderParser(const fs::path& file, std::string text) : file_(file), text_(std::move(text)) {}

    Header parse() {
        Header header;
        bool described = false, ordered = false, shaped = false;
        expect('{');
        while (!accept('}')) {
            const std::string key = quoted();
            expect(':');
            if (key == "descr") {
                described = true;
                element(header);
            } else if (key == "fortran_order") {
                ordered = true;
                header.columns_first = boolean();
            } else if (key == "shape") {
                shaped = true;
                header.shape = tuple();
            } else {
                malformed();
            }
            if (!accept(',') && !at('}')) malformed();
        }
        if (!described || !ordered || !shaped) malformed();
        return header;
    }

  private:
    [[noreturn]] void malformed() const {
        refuse(file_, "its .npy header makes no sense at byte " + std::to_string(at_));
    }

    void skip_space() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) at_++;
    }
    bool at(char c) {
        skip_space();
        return at_ < text_.size() && text_[at_] == c;
    }
    bool accept(char c) {
        if (!at(c)) return false;
        at_++;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) malformed();
    }

    std::string quoted() {
        skip_space();
        if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) malformed();
        const size_t end = text_.find(text_[at_], at_ + 1);
        if (end == std::string::npos) malformed();
        std::string value = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return value;
    }

    bool boolean() {
        skip_space();
        for (const auto& [word, value] : {std::pair{"True", true}, std::pair{"False", false}}) {
            if (text_.compare(at_, std::strlen(word), word) == 0) {
                at_ += std::strlen(word);
                return value;
            }
        }
        malformed();
    }

    std::vector<int64_t> tuple() {
        std::vector<int64_t> values;
        expect('(');
        while (!accept(')')) {
            values.push_back(integer());
            if (!accept(',') && !at(')')) malformed();
        }
        return values;
    }

    int64_t integer() {
        skip_space();
        int64_t value = 0;
        const size_t begin = at_;
        for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])); at_++) {
            if (value > (INT64_MAX - 9) / 10) malformed();
            value = value * 10 + (text_[at_] - '0');
        }
        if (at_ == begin) malformed();
        if (at_ < text_.size() && text_[at_] == 'L') at_++;  // written by Python 2
        return value;
    }

    void element(Header& header) {
        if (at('[')) refuse(file_, "holds records, where plain numbers are expected");
        const std::string description = quoted();
        const std::string code = description.empty() ? "" : description.substr(1);
        const auto found =
            std::find_if(codes.begin(), codes.end(), [&](const auto& known) { return code == known.first; });
        if (found == codes.end() || !std::strchr("<>|=", description[0])) {
            refuse(file_, "holds elements of type '" + description + "', which is none of ours",
                   "convert it with numpy's astype to float16, float32, float64, int8, uint8, int32, int64 or bool");
        }
        header.type = found->second;
        const bool little = std::endian::native == std::endian::little;
        header.swapped = element_bytes(header.type) > 1 && description[0] == (little ? '>' : '<');
    }

    const fs::path& file_;
    std::string text_;
    size_t at_ = 0;
};

std::string read_exactly(InputFile& input, size_t size, const fs::path& file) {
    std::string bytes(size, '\0');
    if (input.read(bytes.data(), size) != size) refuse(file, "is cut short within its .npy header");
    return bytes;
}

Header read_header(InputFile& input, const fs::path& file) {
    char start[8] = {};
    if (input.read(start, sizeof start) != sizeof start || std::string_view(start, magic.size()) != magic) {
        refuse(file, "is not a .npy file");
    }
    const int version = static_cast<unsigned char>(start[6]);
    if (version < 1 || version > 3) {
        refuse(file, "is a .npy file of format version " + std::to_string(version) + ", where 1 to 3 are known");
    }
    size_t length = 0;
    const std::string stored = read_exactly(input, version == 1 ? 2 : 4, file);
    for (size_t i = 0; i < stored.size(); i++) length |= size_t{static_cast<unsigned char>(stored[i])} << (8 * i);
    if (length > longest_header) refuse(file, "its .npy header claims " + std::to_string(length) + " bytes");
    return HeaderParser(file, read_exactly(input, length, file)).parse();
}

// Bytes of the data that the header promises. Bounded, so that nothing later overflows.
size_t promised_bytes(const Header& header, const fs::path& file) {
    if (header.shape.size() > ATROUS_MAX_RANK) {
        refuse(file,
               "has " + std::to_string(header.shape.size()) + " dimensions, where at most " +
                   std::to_string(ATROUS_MAX_RANK) + " are expected",
               "reshape it");
    }
    size_t bytes = element_bytes(header.type);
    for (const int64_t extent : header.shape) {
        if (__builtin_mul_overflow(bytes, static_cast<size_t>(extent), &bytes) || bytes > size_t{1} << 46) {
            refuse(file,
                   "its .npy header claims the shape " + shape_text(header.shape) + ", more than memory can hold");
        }
    }
    return bytes;
}

// In pieces, so that a header's promise alone allocates nothing much.
Bytes read_data(InputFile& input, size_t bytes, const fs::path& file) {
    constexpr size_t piece = size_t{1} << 26;
    Bytes data;
    while (data.size() < bytes) {
        const size_t begin = data.size(), count = std::min(piece, bytes - begin);
        data.resize(begin + count);
        const size_t read = input.read(data.data() + begin, count);
        if (read < count) {
            refuse(file, "is cut short: its header promises " + std::to_string(bytes) + " bytes of data, " +
                             std::to_string(begin + read) + " are there");
        }
    }
    if (char more; input.read(&more, 1) > 0) {
        refuse(file, "is longer than the " + std::to_string(bytes) + " bytes of data that its header promises");
    }
    return data;
}

void swap_bytes(Bytes& data, size_t element) {
    for (size_t i = 0; i + element <= data.size(); i += element) {
        std::reverse(data.begin() + static_cast<std::ptrdiff_t>(i),
                     data.begin() + static_cast<std::ptrdiff_t>(i + element));
    }
}

// From the first dimension fastest to the last dimension fastest.
Bytes rows_first(const Bytes& data, const std::vector<int64_t>& shape, size_t element) {
    Bytes result(data.size());
    std::vector<int64_t> index(shape.size(), 0);
    for (size_t to = 0; to < data.size(); to += element) {
        size_t from = 0;
        for (size_t d = shape.size(); d-- > 0;)
            from = from * static_cast<size_t>(shape[d]) + static_cast<size_t>(index[d]);
        std::memcpy(result.data() + to, data.data() + from * element, element);
        for (size_t d = shape.size(); d-- > 0 && ++index[d] == shape[d];) index[d] = 0;
    }
    return result;
}

}  // namespace

std::string shape_text(const TensorInfo& tensor) {
    if (tensor.shape.empty()) return "scalar";
    std::string text;
    for (size_t i = 0; i < tensor.shape.size(); i++) {
        const std::string name = tensor.dimensions.at(i).empty() ? "?" : tensor.dimensions[i];
        text += (i ? "×" : "") + (tensor.shape[i] < 0 ? name : std::to_string(tensor.shape[i]));
    }
    return text;
}

std::string shape_text(const std::vector<int64_t>& shape) {
    return shape_text(TensorInfo{"", 0, shape, std::vector<std::string>(shape.size())});
}

Tensor read_npy(const fs::path& file) {
    std::error_code error;
    if (fs::is_directory(file, error)) refuse(file, "is a folder, where a .npy file is expected", "name a file");
    errno = 0;
    InputFile input(file);
    if (!input.is_open()) refuse(file, std::string("cannot be opened: ") + std::strerror(errno), "check the name");
    const Header header = read_header(input, file);
    Tensor tensor;
    tensor.type = header.type;
    tensor.shape = header.shape;
    tensor.bytes = read_data(input, promised_bytes(header, file), file);
    const size_t element = element_bytes(header.type);
    if (header.swapped) swap_bytes(tensor.bytes, element);
    if (header.columns_first) tensor.bytes = rows_first(tensor.bytes, header.shape, element);
    if (header.type == ATROUS_BOOL) {
        for (uint8_t& value : tensor.bytes) value = value != 0;  // kernels rely on 0 and 1
    }
    return tensor;
}

std::string npy_header(int32_t type, const std::vector<int64_t>& shape) {
    const auto code = std::find_if(codes.begin(), codes.end(), [&](const auto& known) { return known.second == type; });
    std::string order = "|";
    if (element_bytes(type) > 1) order = std::endian::native == std::endian::little ? "<" : ">";
    std::string text = "{'descr': '" + order + code->first + "', 'fortran_order': False, 'shape': (";
    for (const int64_t extent : shape) text += std::to_string(extent) + (shape.size() == 1 ? "," : ", ");
    if (shape.size() > 1) text.resize(text.size() - 2);
    text += "), }";
    constexpr size_t before = 10;  // magic, version, length
    text.append(63 - (before + text.size()) % 64, ' ');
    text += '\n';
    std::string header(magic);
    header += {'\x01', '\x00', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
    return header + text;
}

void write_npy(const fs::path& file, int32_t type, const std::vector<int64_t>& shape, const void* data) {
    size_t bytes = element_bytes(type);
    for (const int64_t extent : shape) bytes *= static_cast<size_t>(extent);
    const std::string header = npy_header(type, shape);
    std::vector<uint8_t> whole(header.size() + bytes);
    std::memcpy(whole.data(), header.data(), header.size());
    if (bytes > 0) std::memcpy(whole.data() + header.size(), data, bytes);
    store(file, whole.data(), whole.size());
}

}  // namespace atrous
