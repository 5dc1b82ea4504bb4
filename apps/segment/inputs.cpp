#include "apps/segment/inputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "apps/segment/interrupt.h"
#include "runtime/error.h"
#include "runtime/image.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

using Identity = std::pair<dev_t, ino_t>;  // what a path leads to, however it is spelled

std::optional<Identity> identity_of(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return std::nullopt;
    return Identity{status.st_dev, status.st_ino};
}

struct Folder {
    std::string path, place;
};

std::string joined(const std::string& folder, const std::string& name) {
    return (folder.empty() ? fs::path(name) : fs::path(folder) / name).string();
}

// A file that cannot be read may be a picture; reading it will tell why.
bool is_no_picture(const std::string& file) {
    return access(file.c_str(), R_OK) == 0 && !looks_like_image(file);
}

// One folder and all below it. Real folders come before linked ones, and each is entered once: a link back up ends
// there, and a folder is found under its own name rather than a link's.
class Scan {
  public:
    Scan(Inputs& found, const std::optional<Identity>& output) : found_(found), output_(output) {}

    void run(const std::string& root, const std::string& place) {
        folders_.push_back({root, place});
        while (!folders_.empty() || !linked_.empty()) {
            auto& queue = folders_.empty() ? linked_ : folders_;
            const Folder folder = std::move(queue.front());
            queue.pop_front();
            const auto identity = identity_of(folder.path);
            if (identity && (identity == output_ || !entered_.insert(*identity).second)) continue;
            enter(folder);
        }
    }

  private:
    void enter(const Folder& folder) {
        std::error_code error;
        fs::directory_iterator entry(folder.path, error);
        while (!error && entry != fs::directory_iterator()) {
            stop_if_interrupted();
            look_at(*entry, folder);
            entry.increment(error);
        }
        if (error) {
            found_.pictures.push_back(
                {folder.path, folder.place,
                 folder.path + ": the folder cannot be read: " + error.message() + "; check its permissions"});
        }
    }

    void look_at(const fs::directory_entry& entry, const Folder& folder) {
        const std::string name = entry.path().filename().string();
        const std::string file = joined(folder.path, name), place = joined(folder.place, name);
        std::error_code error;
        const fs::file_status status = entry.status(error);
        if (fs::is_directory(status)) {
            (entry.is_symlink(error) ? linked_ : folders_).push_back({file, place});
        } else if (!fs::exists(status)) {
            const std::string reason = error ? error.message() : std::strerror(ENOENT);
            found_.pictures.push_back({file, place, file + ": cannot be opened: " + reason + "; check the link"});
        } else if (!fs::is_regular_file(status) || is_no_picture(file)) {
            found_.ignored++;  // pipes and devices are not even opened, which might wait for ever
        } else {
            found_.pictures.push_back({file, place, ""});
        }
    }

    Inputs& found_;
    const std::optional<Identity>& output_;
    std::deque<Folder> folders_, linked_;
    std::set<Identity> entered_;
};

// As getline() allocates it.
class Line {
  public:
    Line() = default;
    ~Line() { std::free(text_); }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    bool read(std::FILE* from) { return (length_ = ::getline(&text_, &allocated_, from)) >= 0; }
    std::string_view text() const { return {text_, static_cast<size_t>(length_)}; }

  private:
    char* text_ = nullptr;
    size_t allocated_ = 0;
    ssize_t length_ = 0;
};

std::vector<std::string> with_list(const std::vector<std::string>& arguments, std::FILE* list) {
    std::vector<std::string> paths;
    for (const std::string& argument : arguments) {
        if (argument != "-") {
            paths.push_back(argument);
            continue;
        }
        Line line;
        while (line.read(list)) {
            std::string_view path = line.text();
            for (const char end : {'\n', '\r'})
                if (path.ends_with(end)) path.remove_suffix(1);
            if (!path.empty()) paths.emplace_back(path);
        }
        stop_if_interrupted();
    }
    return paths;
}

// The name that stands for a folder among several: `photos` for photos/, ./photos and photos/., the real name for `.`.
std::string folder_name(const std::string& path) {
    fs::path plain = fs::path(path).lexically_normal();
    if (!plain.has_filename()) plain = plain.parent_path();
    if (plain.filename() == "." || plain.filename() == ".." || plain.empty()) {
        std::error_code error;
        plain = fs::canonical(path, error);
    }
    return plain.filename().string();
}

fs::path absolute_parent(const std::string& file) {
    return fs::absolute(file).lexically_normal().parent_path();
}

fs::path common_folder(const std::vector<std::string>& files) {
    fs::path common = absolute_parent(files.front());
    for (const std::string& file : files) {
        const fs::path parent = absolute_parent(file);
        const auto end = std::mismatch(common.begin(), common.end(), parent.begin(), parent.end()).first;
        fs::path shared;
        for (auto part = common.begin(); part != end; ++part) shared /= *part;
        common = shared;
    }
    return common;
}

void add_files(const std::vector<std::string>& files, Inputs& found) {
    if (files.empty()) return;
    const fs::path common = common_folder(files);
    for (const std::string& file : files) {
        const std::string place = fs::absolute(file).lexically_normal().lexically_relative(common).string();
        std::error_code error;
        const fs::file_status status = fs::status(file, error);
        std::string problem;
        if (!fs::exists(status)) {
            problem =
                file + ": cannot be opened: " + (error ? error.message() : std::strerror(ENOENT)) + "; check the name";
        } else if (!fs::is_regular_file(status)) {
            problem = file + ": is neither a file nor a folder; name a picture or a folder of pictures";
        }
        found.pictures.push_back({file, place, problem});
    }
}

void add_folders(const std::vector<std::string>& folders, const std::optional<Identity>& output, Inputs& found) {
    std::set<Identity> given;
    std::vector<std::string> different;
    for (const std::string& folder : folders) {
        const auto identity = identity_of(folder);
        if (identity && identity == output) {
            throw Error(folder, "is the output folder, which is never scanned", "choose another folder with -o");
        }
        if (!identity || given.insert(*identity).second) different.push_back(folder);
    }
    for (const std::string& folder : different) {
        const size_t first = found.pictures.size();
        Scan(found, output).run(folder, different.size() > 1 ? folder_name(folder) : "");
        std::sort(found.pictures.begin() + static_cast<std::ptrdiff_t>(first), found.pictures.end(),
                  [](const Input& a, const Input& b) { return a.place < b.place; });
    }
}

// The same picture reached twice is done once; two pictures for one place are refused before any work.
void settle_places(Inputs& found) {
    std::unordered_map<std::string, std::string> taken;
    std::vector<Input> kept;
    for (Input& input : found.pictures) {
        const auto [other, is_new] = taken.try_emplace(input.place, input.file);
        if (is_new) {
            kept.push_back(std::move(input));
        } else if (other->second != input.file && identity_of(other->second) != identity_of(input.file)) {
            throw Error(input.file,
                        "would have the same outputs as " + other->second + ": both are " + input.place +
                            " in the output folder",
                        "segment them in two runs, or give one folder that holds both");
        }
    }
    found.pictures = std::move(kept);
}

}  // namespace

Inputs find_inputs(const std::vector<std::string>& arguments, std::FILE* list, const fs::path& output) {
    std::vector<std::string> files, folders;
    for (std::string& path : with_list(arguments, list)) {
        std::error_code error;
        (fs::is_directory(path, error) ? folders : files).push_back(std::move(path));
    }
    Inputs found;
    add_folders(folders, identity_of(output.string()), found);
    add_files(files, found);
    settle_places(found);
    return found;
}

}  // namespace atrous
