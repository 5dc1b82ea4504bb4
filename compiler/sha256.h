// SHA-256 of bytes and files, as 64 lower-case hexadecimal digits.
#pragma once

#include <openssl/evp.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace atrous {

class Sha256 {
  public:
    Sha256();
    void add(std::string_view bytes);
    std::string text();  // once, after all was added

  private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string sha256_of(std::string_view bytes);
std::string sha256_of_file(const std::filesystem::path& file);  // throws Error

}  // namespace atrous
