#include "compiler/kernel_jobs.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>

#include "compiler/pipe.h"
#include "runtime/error.h"
#include "schedules/registry.h"

namespace atrous {

namespace {

constexpr int tick_milliseconds = 100;
constexpr int failed = 3;  // exit status of a child that has said why

class Child {
  public:
    Child(const KernelJob& job, const KernelOptions& options);
    ~Child();
    Child(Child&& other) noexcept
        : job_(other.job_), pipe_(std::move(other.pipe_)), process_(std::exchange(other.process_, -1)) {}
    Child& operator=(Child&& other) noexcept {
        std::swap(job_, other.job_);
        std::swap(pipe_, other.pipe_);
        std::swap(process_, other.process_);
        return *this;
    }

    int output() const { return pipe_.read_end(); }
    bool read_some() { return pipe_.read_some(); }
    const KernelJob& job() const { return *job_; }
    // Seconds of a CPU, so that what else the machine does makes no difference.
    bool is_too_slow(double seconds) const { return seconds > 0 && seconds_used() > seconds; }
    // When its output has ended: nothing if it did what it should, else how it ended and what it said.
    std::optional<std::string> problem();

  private:
    int wait();
    double seconds_used() const;

    const KernelJob* job_;
    Pipe pipe_;
    pid_t process_ = -1;
};

// A child of its own: dies with us and by Ctrl-C whatever we have made of that, leaves no core, speaks into the pipe.
void settle_in_child(pid_t parent, int output) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(failed);
    for (int number : {SIGINT, SIGTERM, SIGHUP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) signal(number, SIG_DFL);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
}

KernelFiles files_of(const CompiledKernel& kernel, const KernelOptions& options) {
    const auto in_folder = [&](const std::string& name) {
        return name.empty() ? name : (options.folder / name).string();
    };
    KernelFiles files;
    files.object = in_folder(kernel.object);
    files.assembly = in_folder(kernel.assembly);
    files.statements = in_folder(kernel.statements);
    files.device_code = in_folder(kernel.device_code);
    files.symbol = kernel.symbol;
    return files;
}

[[noreturn]] void compile_in_child(const KernelJob& job, const KernelOptions& options) {
    int status = 0;
    try {
        const KernelRequest& request = job.request;
        const KernelFiles files = files_of(job.kernel, options);
        if (request.autoscheduling)
            options.autoschedule(request.spec, request.hint, request.target, request.autoscheduling, files);
        else
            options.compile(request.spec, request.hint, request.target, files);
    } catch (const std::exception& error) {
        std::fputs(error.what(), stderr);
        status = failed;
    }
    std::fflush(stdout);
    std::fflush(stderr);
    _exit(status);
}

Child::Child(const KernelJob& job, const KernelOptions& options) : job_(&job) {
    std::fflush(stdout);
    std::fflush(stderr);
    const pid_t parent = getpid();
    process_ = fork();
    if (process_ < 0) throw Error("child process", std::string("cannot be started: ") + std::strerror(errno));
    if (process_ == 0) {
        settle_in_child(parent, pipe_.write_end());
        compile_in_child(job, options);
    }
    pipe_.close_write_end();
}

Child::~Child() {
    if (process_ < 0) return;
    kill(process_, SIGKILL);
    wait();
}

int Child::wait() {
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    return status;
}

double Child::seconds_used() const {
    clockid_t clock;
    timespec used{};
    if (clock_getcpuclockid(process_, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

std::optional<std::string> Child::problem() {
    const int status = wait();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
    const bool explained = WIFEXITED(status) && WEXITSTATUS(status) == failed;
    const std::string how = explained ? "" : " (the code generator ended with " + describe_status(status) + ")";
    return "could not be compiled" + how + ": " + shorten(pipe_.text());
}

[[noreturn]] void fail(const KernelJob& job, const std::string& problem) {
    throw Error("kernel " + job.kernel.name + " for " + job.request.target, problem,
                "try another --target, and report this as a mistake in Atrous");
}

// Waits a moment for children to say something or end.
std::vector<pollfd> listen_to(const std::vector<Child>& children) {
    std::vector<pollfd> outputs;
    for (const Child& child : children) outputs.push_back({child.output(), POLLIN, 0});
    poll(outputs.data(), outputs.size(), tick_milliseconds);
    return outputs;
}

std::string seconds_text(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%g s", seconds);
    return text;
}

}  // namespace

std::vector<FailedJob> run_kernel_jobs(const std::vector<KernelJob>& jobs, const KernelOptions& options,
                                       const std::function<void(const KernelJob&)>& finished,
                                       const std::function<void(int done)>& tick) {
    std::vector<Child> children;
    std::vector<FailedJob> given_up;
    size_t next = 0;
    int done = 0;
    tick(done);
    while (next < jobs.size() || !children.empty()) {
        while (next < jobs.size() && static_cast<int>(children.size()) < std::max(1, options.jobs)) {
            children.emplace_back(jobs[next++], options);
        }
        const std::vector<pollfd> outputs = listen_to(children);
        for (size_t i = children.size(); i-- > 0;) {
            const bool running = outputs[i].revents == 0 || children[i].read_some();
            const KernelJob& job = children[i].job();
            const double limit = job.request.autoscheduling ? options.autoscheduler_seconds : options.seconds;
            if (running && !children[i].is_too_slow(limit)) continue;
            std::optional<std::string> problem;
            if (running)
                problem = "took more than " + seconds_text(limit) + " of a CPU";
            else
                problem = children[i].problem();
            if (problem && !job.request.autoscheduling) fail(job, *problem);
            if (problem)
                given_up.push_back({job.kernel.symbol, *problem});
            else
                finished(job);
            children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));  // and ends the process
            ++done;
        }
        tick(done);
    }
    return given_up;
}

}  // namespace atrous
