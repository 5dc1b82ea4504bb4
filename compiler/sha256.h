// SHA-256 of bytes and files, as 64 lower-case hexadecimal digits.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace atrous {

std::string sha256_of(std::string_view bytes);
std::string sha256_of_file(const std::filesystem::path& file);  // throws Error

}  // namespace atrous
