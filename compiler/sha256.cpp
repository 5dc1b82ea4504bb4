#include "compiler/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "compiler/files.h"

namespace atrous {

std::string sha256_of(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
    std::string text;
    for (unsigned int i = 0; i < length; ++i) {
        constexpr const char* digits = "0123456789abcdef";
        text += digits[digest[i] >> 4];
        text += digits[digest[i] & 15];
    }
    return text;
}

std::string sha256_of_file(const std::filesystem::path& file) {
    return sha256_of(read_file(file));
}

}  // namespace atrous
