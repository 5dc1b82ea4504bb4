#include "compiler/tool.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
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

// Whether a program gets Ctrl-C as we do, whatever we make of it, or has a session of its own: then it ends together
// with all that it has started, and cannot ask for passwords on our terminal.
enum class Session { ours, own };

// 0 or errno.
int spawn(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
          const std::filesystem::path& input, int output, Session session, pid_t& child) {
    SpawnSettings settings;
    posix_spawn_file_actions_addopen(&settings.actions, 0, input.empty() ? "/dev/null" : input.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addchdir_np(&settings.actions, folder.c_str());
    posix_spawn_file_actions_adddup2(&settings.actions, output, 1);
    posix_spawn_file_actions_adddup2(&settings.actions, output, 2);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&settings.attributes, &signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&settings.attributes, &signals);
    const int own = session == Session::own ? POSIX_SPAWN_SETSID : 0;
    posix_spawnattr_setflags(&settings.attributes,
                             static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | own));

    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    return posix_spawnp(&child, argv[0], &settings.actions, &settings.attributes, argv.data(), environment().data());
}

// A program that we have started; ended with us at the latest.
class Running {
  public:
    Running(pid_t process, Session session) : process_(process), session_(session) {}
    ~Running() {
        if (process_ < 0) return;
        kill(session_ == Session::own ? -process_ : process_, SIGKILL);
        wait();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    bool has_ended() const {
        siginfo_t about{};
        return waitid(P_PID, static_cast<id_t>(process_), &about, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               about.si_pid != 0;
    }
    int wait() {
        int status = 0;
        while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
        }
        process_ = -1;
        return status;
    }

  private:
    pid_t process_;
    Session session_;
};

[[noreturn]] void fail_to_start(const std::string& program, int error, const std::string& advice) {
    throw Error(program, std::string("cannot be started: ") + std::strerror(error), advice);
}

std::string seconds_text(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g s", seconds);
    return text;
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
    if (const int error = spawn(arguments, folder, {}, pipe.write_end(), Session::ours, child)) {
        if (error == ENOENT) {
            throw Error(tool, "is not installed, and is needed to make libraries",
                        "install it with `apt install " + package_of(tool) + "`");
        }
        fail_to_start(tool, error, "");
    }
    pipe.close_write_end();
    const std::string output = pipe.read_all();
    const int status = Running(child, Session::ours).wait();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    if (output.find(std::strerror(ENOSPC)) != std::string::npos) {
        throw Error(folder.parent_path().string(), "has no room left for the library's files",
                    "free some room, or write elsewhere with -o");
    }
    throw Error(tool, "failed (" + describe_status(status) + "): " + shorten(output));
}

ProgramRun run_program(const std::vector<std::string>& arguments, const std::filesystem::path& input, double seconds,
                       const std::function<void()>& tick) {
    constexpr size_t most_output = 1 << 26;
    constexpr int tick_milliseconds = 100, end_milliseconds = 5;
    Pipe pipe(most_output);
    pid_t child = 0;
    if (const int error = spawn(arguments, ".", input, pipe.write_end(), Session::own, child))
        fail_to_start(arguments.front(), error, "check the command");
    pipe.close_write_end();
    Running running(child, Session::own);
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    for (bool is_open = true; is_open || !running.has_ended();) {
        pollfd output{is_open ? pipe.read_end() : -1, POLLIN, 0};
        poll(&output, 1, is_open ? tick_milliseconds : end_milliseconds);
        if (output.revents != 0) is_open = pipe.read_some();
        tick();
        if (std::chrono::steady_clock::now() > end) return {"took more than " + seconds_text(seconds), pipe.text()};
    }
    const int status = running.wait();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {std::nullopt, pipe.text()};
    return {describe_status(status), pipe.text()};
}

}  // namespace atrous
