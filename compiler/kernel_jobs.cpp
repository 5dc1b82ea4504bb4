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
    const KernelJob& finish();  // when its output has ended; throws Error if it failed

  private:
    int wait();

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
        options.compile(job.request.spec, job.request.hint, job.request.target, files_of(job.kernel, options));
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

const KernelJob& Child::finish() {
    const int status = wait();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return *job_;
    const std::string subject = "kernel " + job_->kernel.name + " for " + job_->request.target;
    const bool explained = WIFEXITED(status) && WEXITSTATUS(status) == failed;
    const std::string how = explained ? "" : " (the code generator ended with " + describe_status(status) + ")";
    throw Error(subject, "could not be compiled" + how + ": " + shorten(pipe_.text()),
                "try another --target, and report this as a mistake in Atrous");
}

}  // namespace

void run_kernel_jobs(const std::vector<KernelJob>& jobs, const KernelOptions& options,
                     const std::function<void(const KernelJob&)>& finished, const std::function<void(int done)>& tick) {
    std::vector<Child> children;
    size_t next = 0;
    int done = 0;
    tick(done);
    while (next < jobs.size() || !children.empty()) {
        while (next < jobs.size() && static_cast<int>(children.size()) < std::max(1, options.jobs)) {
            children.emplace_back(jobs[next++], options);
        }
        std::vector<pollfd> outputs;
        for (const Child& child : children) outputs.push_back({child.output(), POLLIN, 0});
        poll(outputs.data(), outputs.size(), tick_milliseconds);
        for (size_t i = children.size(); i-- > 0;) {
            if (outputs[i].revents == 0 || children[i].read_some()) continue;
            finished(children[i].finish());
            children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
            ++done;
        }
        tick(done);
    }
}

}  // namespace atrous
