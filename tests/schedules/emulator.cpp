#include "tests/schedules/emulator.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "tests/schedules/kernel_runner.h"

namespace atrous {

namespace {

constexpr const char *compiler = "aarch64-linux-gnu-gcc", *emulator = "qemu-aarch64-static";

void send(FILE* to, const void* data, size_t bytes) {
    if (fwrite(data, 1, bytes, to) != bytes) throw std::runtime_error("the emulated kernel has ended");
}

template <class T>
void send(FILE* to, const T& value) {
    send(to, &value, sizeof value);
}

void send(FILE* to, const reference::View& view) {
    send(to, int32_t{1});
    send(to, buffer_type(view.element));
    send(to, static_cast<int32_t>(view.dims.size()));
    for (const reference::Dim& d : view.dims) send(to, halide_dimension_t(int(d.min), int(d.extent), int(d.stride)));
    send(to, static_cast<int64_t>(view.storage->bytes));
    send(to, static_cast<int64_t>(static_cast<std::byte*>(view.data) - view.storage->data));
    send(to, view.storage->data, view.storage->bytes);
}

bool is_installed(const char* program) {
    return std::system((std::string("command -v ") + program + " >/dev/null").c_str()) == 0;
}

}  // namespace

EmulatedKernel::EmulatedKernel(const std::filesystem::path& object, const std::filesystem::path& folder) {
    const std::string program = folder / "kernel";
    output_of(std::string(compiler) + " -static -o " + program + " " EMULATED_KERNEL " " + object.string() + " -lm");
    signal(SIGPIPE, SIG_IGN);  // a kernel that crashes is reported by send()
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) throw std::runtime_error("no pipe");
    process_ = fork();
    if (process_ == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execlp(emulator, emulator, program.c_str(), nullptr);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_ = fdopen(in[1], "wb");
    from_ = fdopen(out[0], "rb");
}

EmulatedKernel::~EmulatedKernel() {
    fclose(to_);
    fclose(from_);
    waitpid(process_, nullptr, 0);
}

int EmulatedKernel::run(std::span<const reference::Arg> args) const {
    send(to_, static_cast<int32_t>(args.size()));
    for (const reference::Arg& arg : args) {
        if (auto view = std::get_if<reference::View>(&arg)) {
            send(to_, *view);
        } else {
            send(to_, int32_t{0});
            std::visit([&](const auto& scalar) { send(to_, &scalar, 4); }, arg);
        }
    }
    fflush(to_);
    const reference::Storage& output = *std::get<reference::View>(args.back()).storage;
    int32_t error = 0;
    if (fread(&error, sizeof error, 1, from_) != 1 || fread(output.data, 1, output.bytes, from_) != output.bytes)
        throw std::runtime_error("the emulated kernel has ended without an answer");
    return error;
}

std::string missing_for_emulation() {
    if (!std::filesystem::exists(EMULATED_KERNEL)) return "no support for arm-64-linux was built";
    for (const char* program : {compiler, emulator})
        if (!is_installed(program)) return std::string(program) + " is not installed";
    return {};
}

}  // namespace atrous
