#include "apps/atrous/model_source.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "apps/segment/interrupt.h"
#include "apps/segment/output.h"
#include "compiler/compile.h"
#include "compiler/kernel_cache.h"
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

void check_readable(const fs::path& file) {
    std::error_code error;
    if (fs::is_directory(file, error))
        throw Error(file.string(), "is a folder, where a file is expected", "name a file");
    if (access(file.c_str(), R_OK) == 0) return;
    throw Error(file.string(), std::string("cannot be opened: ") + std::strerror(errno), "check the name");
}

std::string read_text(const fs::path& file) {
    check_readable(file);
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
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
    compilation.targets = {options.device == "auto" || options.device == "cpu" ? "host"
                                                                               : "x86-64-linux-" + options.device};
    compilation.cache = options.cache.empty() ? default_cache() : options.cache;
    compilation.progress = compile_progress(console);
    if (compilation.cache.empty()) {
        throw Error("cache", "neither HOME nor XDG_CACHE_HOME says where the user's cache is",
                    "name a folder with --cache");
    }
    compilation.directory = compilation.cache / "networks" / compile_key(compilation);
    fs::path network = compilation.directory / "network.so";
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

std::function<void(const std::string&, int, int)> compile_progress(Console& console) {
    return [&console](const std::string& stage, int done, int total) {
        static const std::map<std::string, std::string> labels{{"import", "Reading the model"},
                                                               {"plan", "Planning"},
                                                               {"kernels", "Compiling kernels"},
                                                               {"link", "Linking"}};
        stop_if_interrupted();
        const auto label = labels.find(stage);
        const bool counted = total > 1;
        console.progress(label == labels.end() ? stage : label->second, counted ? static_cast<size_t>(done) : 0,
                         counted ? static_cast<size_t>(total) : 0);
    };
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
    check_readable(options.model);
    const bool compiled = is_compiled(options.model) || options.model.extension() == ".so";
    if (!compiled) return Library::load(compiled_network(options, console));
    if (options.keep_all) {
        throw Error(options.model.string(), "is compiled, and holds no intermediate tensors any more",
                    "give the .onnx file");
    }
    return Library::load(options.model);
}

std::optional<std::string> find_config(const fs::path& model, const fs::path& file) {
    check_readable(model);
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
    const fs::path models = models_folder();
    std::optional<std::string> known = find_model_config(models, facts.sha256);
    if (known) parse_config(*known, models.string());
    return known;
}

}  // namespace atrous
