// Runs a fuzz target without libFuzzer: PROGRAM COUNT FOLDER… takes every file of the folders as it is, and then COUNT
// broken copies of them: cut, bits flipped, bytes overwritten, pieces doubled, dropped or taken from another file.
// Always the same copies for the same files; the sanitizers say whether one of them does harm.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

std::vector<Bytes> read_folders(int count, char** folders) {
    std::vector<std::filesystem::path> files;
    for (int i = 0; i < count; i++)
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folders[i]))
            if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::vector<Bytes> contents;
    for (const auto& file : files) {
        std::ifstream stream(file, std::ios::binary);
        contents.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }
    return contents;
}

class Breaker {
  public:
    explicit Breaker(const std::vector<Bytes>& files) : files_(files) {}

    Bytes next() {
        Bytes bytes = files_[below(files_.size())];
        for (size_t times = 1 + below(4); times > 0 && !bytes.empty(); times--) harm(bytes);
        return bytes;
    }

  private:
    // From 0 to limit − 1. Not std::uniform_int_distribution, which differs between libraries.
    size_t below(size_t limit) { return random_() % limit; }

    void harm(Bytes& bytes) {
        const size_t at = below(bytes.size());
        const size_t length = std::min<size_t>(1 + below(64), bytes.size() - at);
        const auto begin = bytes.begin() + std::ptrdiff_t(at), end = begin + std::ptrdiff_t(length);
        switch (below(6)) {
        case 0:
            bytes.resize(at);
            break;
        case 1:
            bytes[at] ^= uint8_t(1u << below(8));
            break;
        case 2:
            bytes[at] = extremes_[below(std::size(extremes_))];
            break;
        case 3:
            bytes.erase(begin, end);
            break;
        case 4: {
            const Bytes piece(begin, end);
            bytes.insert(begin, piece.begin(), piece.end());
            break;
        }
        default:
            graft(bytes, at);
        }
    }

    void graft(Bytes& bytes, size_t at) {
        const Bytes& other = files_[below(files_.size())];
        if (other.empty()) return;
        const size_t from = below(other.size());
        const size_t length = std::min(other.size() - from, bytes.size() - at);
        std::copy_n(other.begin() + std::ptrdiff_t(from), length, bytes.begin() + std::ptrdiff_t(at));
    }

    static constexpr uint8_t extremes_[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    const std::vector<Bytes>& files_;
    std::mt19937_64 random_{1};
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s COUNT FOLDER...\n", argv[0]);
        return 2;
    }
    const std::vector<Bytes> files = read_folders(argc - 2, argv + 2);
    if (files.empty()) {
        std::fprintf(stderr, "%s: the folders hold no files\n", argv[0]);
        return 2;
    }
    for (const Bytes& bytes : files) LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    Breaker breaker(files);
    const long count = std::atol(argv[1]);
    for (long i = 0; i < count; i++) {
        const Bytes bytes = breaker.next();
        if (const char* keep = std::getenv("ATROUS_KEEP_INPUT"))  // the one that did harm is the last written
            std::ofstream(keep, std::ios::binary)
                .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    std::printf("%zu files and %ld broken copies\n", files.size(), count);
}
