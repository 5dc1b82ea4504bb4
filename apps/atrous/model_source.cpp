#include "apps/atrous/model_source.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "apps/segment/interrupt.h"
#include "apps/segment/output.h"
#include "compiler/compile.h"
#include "runtime/config.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

// Beside the program in a build tree and in an installed one: bin/atrous, share/atrous/models.
fs::path models_folder() {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    return program.parent_path().parent_path() / "share" / "atrous" / "models";
}

std::string read_text(const fs::path& file) {
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw Error(file.string(), std::string("cannot be opened: ") + std::strerror(errno), "check the name");
    std::string text((std::istreambuf_iterator<char>(stream)), {});
    if (stream.bad()) throw Error(file.string(), "cannot be read", "name a file");
    return text;
}

// Held by the process that compiles; the system gives it up with the process, however that ends.
class CompileLock {
  public:
    CompileLock(const fs::path& file, const fs::path& model, Console& console) {
        descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (descriptor_ < 0) {
            throw OutputError(file.string(), std::string("cannot be written: ") + std::strerror(errno),
                              "choose another place with --cache");
        }
        if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
        console.note("Waiting for another atrous that compiles " + model.string());
        while (flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) stop_if_interrupted();
    }
    ~CompileLock() { close(descriptor_); }
    CompileLock(const CompileLock&) = delete;
    CompileLock& operator=(const CompileLock&) = delete;

  private:
    int descriptor_ = -1;
};

fs::path compiled_network(const ModelOptions& options, Console& console) {
    CompileOptions compilation;
    compilation.model = options.model;
    compilation.name = "network";  // whatever the file is called, the model's contents decide
    compilation.library = compilation.header = false;
    compilation.config_json = find_config(options.model, {});
    compilation.keep_all = options.keep_all;
    compilation.cache = options.cache.empty() ? user_cache() : options.cache;
    compilation.progress = [&](const std::string& stage, int done, int total) {
        stop_if_interrupted();
        console.progress(stage, static_cast<size_t>(done), static_cast<size_t>(total));
    };
    compilation.directory = compilation.cache / "networks" / compile_key(compilation);
    const fs::path network = compilation.directory / "network.so";
    std::error_code error;
    if (fs::exists(network, error)) return network;

    make_folder(compilation.directory);
    const CompileLock lock(compilation.directory / "lock", options.model, console);
    if (fs::exists(network, error)) return network;
    console.note("Compiling " + options.model.string() + ", once; it is kept in " + compilation.cache.string());
    const CompileReport report = compile(compilation);
    console.end_progress();
    console.detail("Compiled in " + duration_text(report.seconds) + ": " + network.string());
    return network;
}

}  // namespace

fs::path user_cache() {
    for (const auto& [variable, below] : {std::pair{"XDG_CACHE_HOME", ""}, std::pair{"HOME", ".cache"}}) {
        const char* value = std::getenv(variable);
        if (value && *value) return fs::path(value) / below / "atrous";
    }
    throw Error("cache", "neither HOME nor XDG_CACHE_HOME says where the user's cache is",
                "name a folder with --cache");
}

bool is_compiled(const fs::path& model) {
    std::ifstream stream(model, std::ios::binary);
    char start[4] = {};
    stream.read(start, sizeof start);
    return stream && std::memcmp(start,
                                 "\x7f"
                                 "ELF",
                                 sizeof start) == 0;
}

std::shared_ptr<const Library> load_model(const ModelOptions& options, Console& console) {
    if (!is_compiled(options.model)) return Library::load(compiled_network(options, console));
    if (options.keep_all) {
        throw Error(options.model.string(), "is compiled, and holds no intermediate tensors any more",
                    "give the .onnx file");
    }
    return Library::load(options.model);
}

std::optional<std::string> find_config(const fs::path& model, const fs::path& file) {
    if (!file.empty()) {
        std::string text = read_text(file);
        parse_config(text, file.string());
        return text;
    }
    const ModelFacts facts = model_facts(model);
    const auto stored = facts.metadata.find("atrous.config");
    if (stored != facts.metadata.end()) {
        parse_config(stored->second, model.string() + ": metadata atrous.config");
        return stored->second;
    }
    return find_model_config(models_folder(), facts.sha256);
}

}  // namespace atrous
