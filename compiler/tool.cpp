#include "compiler/tool.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "compiler/pipe.h"
#include "runtime/error.h"

extern char** environ;

namespace atrous {

namespace {

// As Debian names the package that holds a program: "aarch64-linux-gnu-ld" is in binutils-aarch64-linux-gnu.
std::string package_of(const std::string& tool) {
    const size_t dash = tool.rfind('-');
    const std::string program = tool.substr(dash == std::string::npos ? 0 : dash + 1);
    const std::string suffix = dash == std::string::npos ? "" : "-" + tool.substr(0, dash);
    const bool c = program == "cc" || program == "gcc", cxx = program == "c++" || program == "g++";
    return (c ? "gcc" : cxx ? "g++" : "binutils") + suffix;
}

// English messages, the same on every machine.
std::vector<char*> environment() {
    static char language[] = "LC_ALL=C";
    std::vector<char*> variables{language};
    for (char** variable = environ; *variable; ++variable) {
        if (std::strncmp(*variable, "LC_ALL=", 7) != 0) variables.push_back(*variable);
    }
    variables.push_back(nullptr);
    return variables;
}

struct SpawnSettings {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    SpawnSettings() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
};

// The tool gets Ctrl-C as we do, whatever we make of it. 0 or errno.
int spawn(const std::vector<std::string>& arguments, const std::filesystem::path& folder, int output, pid_t& child) {
    SpawnSettings settings;
    posix_spawn_file_actions_addchdir_np(&settings.actions, folder.c_str());
    posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&settings.actions, output, 1);
    posix_spawn_file_actions_adddup2(&settings.actions, output, 2);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&settings.attributes, &signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&settings.attributes, &signals);
    posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    return posix_spawnp(&child, argv[0], &settings.actions, &settings.attributes, argv.data(), environment().data());
}

}  // namespace

Toolchain toolchain_for(const std::string& platform) {
    if (platform == ATROUS_PLATFORM) return {"as", "ld", "objcopy", "ar", "cc", "c++"};
    const std::string prefix = platform == "arm-64-linux" ? "aarch64-linux-gnu-" : "x86_64-linux-gnu-";
    return {prefix + "as", prefix + "ld", prefix + "objcopy", prefix + "ar", prefix + "gcc", prefix + "g++"};
}

void run_tool(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
    const std::string& tool = arguments.front();
    Pipe pipe;
    pid_t child = 0;
    if (const int error = spawn(arguments, folder, pipe.write_end(), child)) {
        if (error == ENOENT) {
            throw Error(tool, "is not installed, and is needed to make libraries",
                        "install it with `apt install " + package_of(tool) + "`");
        }
        throw Error(tool, std::string("cannot be started: ") + std::strerror(error));
    }
    pipe.close_write_end();
    const std::string output = pipe.read_all();
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    if (output.find(std::strerror(ENOSPC)) != std::string::npos) {
        throw Error(folder.parent_path().string(), "has no room left for the library's files",
                    "free some room, or write elsewhere with -o");
    }
    throw Error(tool, "failed (" + describe_status(status) + "): " + shorten(output));
}

}  // namespace atrous
