#include "apps/npy.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>

#include "runtime/error.h"
#include "tests/apps/temporary_folder.h"

using namespace atrous;

namespace {

// A .npy file made of parts that may contradict each other.
std::filesystem::path write_raw(const TemporaryFolder& folder, const std::string& header, const std::string& data,
                                char version = 1) {
    const std::filesystem::path file = folder / "x.npy";
    std::ofstream stream(file, std::ios::binary);
    stream << "\x93NUMPY" << version << '\0' << static_cast<char>(header.size() & 255)
           << static_cast<char>(header.size() >> 8);
    if (version > 1) stream << '\0' << '\0';
    stream << header << data;
    return file;
}

std::string message_of(const std::filesystem::path& file) {
    try {
        read_npy(file);
    } catch (const Error& error) {
        const std::string text = error.what(), name = file.string();
        REQUIRE(text.starts_with(name + ": "));
        return text.substr(name.size() + 2);
    }
    return "no error";
}

std::string dictionary(const std::string& descr, const std::string& order, const std::string& shape) {
    return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
}

}  // namespace

TEST_CASE("A tensor of every type comes back as it was written") {
    const TemporaryFolder folder;
    for (const int32_t type :
         {ATROUS_F32, ATROUS_I64, ATROUS_I32, ATROUS_U8, ATROUS_BOOL, ATROUS_I8, ATROUS_F64, ATROUS_F16}) {
        for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 3, 5}, {7}, {}, {0, 4}}) {
            size_t bytes = element_bytes(type);
            for (const int64_t extent : shape) bytes *= static_cast<size_t>(extent);
            std::vector<uint8_t> data(bytes);
            for (size_t i = 0; i < bytes; i++) data[i] = type == ATROUS_BOOL ? i % 2 : static_cast<uint8_t>(3 * i + 1);
            write_npy(folder / "t.npy", type, shape, data.data());
            const Tensor read = read_npy(folder / "t.npy");
            CHECK(read.type == type);
            CHECK(read.shape == shape);
            CHECK(std::vector<uint8_t>(read.bytes.begin(), read.bytes.end()) == data);
        }
    }
}

TEST_CASE("The header is NumPy's own") {
    const std::string header = npy_header(ATROUS_F32, {3, 4});
    CHECK(header.size() % 64 == 0);
    CHECK(header.substr(10, 59) == "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }");
    CHECK(npy_header(ATROUS_U8, {3}).substr(10, 57) == "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }");
    CHECK(npy_header(ATROUS_I64, {}).substr(10, 55) == "{'descr': '<i8', 'fortran_order': False, 'shape': (), }");
}

TEST_CASE("Other byte orders, orders of dimensions and versions are read") {
    const TemporaryFolder folder;
    const Tensor big =
        read_npy(write_raw(folder, dictionary(">i4", "False", "(2,)"), std::string("\0\0\1\2\0\0\0\5", 8)));
    int32_t values[2];
    std::memcpy(values, big.bytes.data(), sizeof values);
    CHECK(values[0] == 258);
    CHECK(values[1] == 5);

    const Tensor columns = read_npy(write_raw(folder, dictionary("|u1", "True", "(2, 3)"), "adbecf"));
    CHECK(std::string(columns.bytes.begin(), columns.bytes.end()) == "abcdef");

    const Tensor later = read_npy(write_raw(folder, dictionary("|u1", "False", "(3L, 1)"), "abc", 2));
    CHECK(later.shape == std::vector<int64_t>{3, 1});

    const Tensor truth = read_npy(write_raw(folder, dictionary("|b1", "False", "(3,)"), std::string("\0\1\7", 3)));
    CHECK(std::vector<uint8_t>(truth.bytes.begin(), truth.bytes.end()) == std::vector<uint8_t>{0, 1, 1});
}

TEST_CASE("Hostile .npy files are refused with the reason") {
    const TemporaryFolder folder;
    const auto refuse = [&](const std::string& header, const std::string& data = "") {
        return message_of(write_raw(folder, header, data));
    };
    const std::string by_numpy = "; write it with numpy.save";
    CHECK(message_of(folder / "none.npy") == "cannot be opened: No such file or directory; check the name");
    CHECK(message_of(folder.path()) == "is a folder, where a .npy file is expected; name a file");
    std::ofstream(folder / "text.npy") << "1 2 3 4 5 6";
    CHECK(message_of(folder / "text.npy") == "is not a .npy file" + by_numpy);
    CHECK(message_of(write_raw(folder, "{}", "", 9)) ==
          "is a .npy file of format version 9, where 1 to 3 are known" + by_numpy);
    CHECK(refuse("{}") == "its .npy header makes no sense at byte 2" + by_numpy);
    CHECK(refuse("nonsense") == "its .npy header makes no sense at byte 0" + by_numpy);
    CHECK(refuse("{'descr': '<f4', 'shape': (1,") == "its .npy header makes no sense at byte 29" + by_numpy);
    CHECK(refuse(dictionary("<f4", "False", "(-1,)")) == "its .npy header makes no sense at byte 51" + by_numpy);
    CHECK(refuse(dictionary("<f4", "False", "(99999999999999999999,)")) ==
          "its .npy header makes no sense at byte 69" + by_numpy);
    CHECK(refuse(dictionary("<f4", "False", "(1000000000, 1000000000, 1000000000)")) ==
          "its .npy header claims the shape 1000000000×1000000000×1000000000, more than memory can hold" + by_numpy);
    CHECK(refuse(dictionary("<f4", "False", "(10000000000,)"), "abcd") ==
          "is cut short: its header promises 40000000000 bytes of data, 4 are there" + by_numpy);
    CHECK(refuse(dictionary("<f4", "False", "(1,)"), "abcde") ==
          "is longer than the 4 bytes of data that its header promises" + by_numpy);
    CHECK(refuse(dictionary("<f4", "False", "(1, 1, 1, 1, 1, 1, 1)"), "abcd") ==
          "has 7 dimensions, where at most 6 are expected; reshape it");
    CHECK(refuse(dictionary("<c8", "False", "(1,)"), "abcdefgh") ==
          "holds elements of type '<c8', which is none of ours; convert it with numpy's astype to float16, float32, "
          "float64, int8, uint8, int32, int64 or bool");
    CHECK(refuse("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd") ==
          "holds records, where plain numbers are expected" + by_numpy);
}

TEST_CASE("Shapes are spelled for people") {
    CHECK(shape_text(std::vector<int64_t>{1, 3, 20}) == "1×3×20");
    CHECK(shape_text(std::vector<int64_t>{}) == "scalar");
    CHECK(shape_text(TensorInfo{"x", ATROUS_F32, {1, -1, -1}, {"", "height", ""}}) == "1×height×?");
}
