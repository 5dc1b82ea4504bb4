// Files that the compiler writes: in a folder of their own until all of them are whole.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace atrous {

std::string read_file(const std::filesystem::path& file);                      // throws Error
void create_file(const std::filesystem::path& file, std::string_view bytes);   // throws Error
bool replace_file(const std::filesystem::path& file, std::string_view bytes);  // false: no room, no permission

// A new folder inside `parent` (which is made if need be), removed with all it holds at the end.
class WorkFolder {
  public:
    WorkFolder(const std::filesystem::path& parent, const std::string& name);  // throws Error
    ~WorkFolder();
    WorkFolder(const WorkFolder&) = delete;
    WorkFolder& operator=(const WorkFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const std::string& file) const { return path_ / file; }

    // Moves files of this folder to its parent, in the place of what has their names there. All or, as far as the file
    // system allows it, none. Throws Error.
    std::vector<std::filesystem::path> publish(const std::vector<std::string>& files);

  private:
    std::filesystem::path parent_, path_;
};

}  // namespace atrous
