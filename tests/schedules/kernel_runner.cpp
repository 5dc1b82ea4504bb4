#include "tests/schedules/kernel_runner.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "Halide.h"
#include "HalideRuntime.h"
#include "schedules/kernels.h"
#include "schedules/registry.h"
#include "tests/schedules/device.h"

// Kernels call this for their parallel loops; here one thread does all, in reverse, so that an order would show.
extern "C" int halide_do_par_for(void* user_context, halide_task_t task, int min, int size, uint8_t* closure) {
    for (int i = min + size - 1; i >= min; i--) {
        if (int error = task(user_context, i, closure)) return error;
    }
    return 0;
}

namespace atrous {

namespace {

void compile_unscheduled(const KernelSpec& spec, const std::string& target, const KernelFiles& files) {
    Halide::Target t = Halide::Target(target)
                           .with_feature(Halide::Target::NoRuntime)
                           .with_feature(Halide::Target::NoAsserts)
                           .with_feature(Halide::Target::NoBoundsQuery)
                           .with_feature(Halide::Target::UserContext);
    Kernel kernel = build_kernel(spec, {}, t, false);
    kernel.output.compile_to({{Halide::OutputFileType::object, files.object}}, kernel.arguments, files.symbol, t);
}

}  // namespace

std::string output_of(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r");
    std::string text;
    char buffer[4096];
    while (size_t n = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
    if (pclose(pipe) != 0) throw std::runtime_error(command + " failed");
    return text;
}

halide_type_t buffer_type(ElementType type) {
    switch (type) {
    case ElementType::f32:
        return halide_type_of<float>();
    case ElementType::f64:
        return halide_type_of<double>();
    case ElementType::i64:
        return halide_type_of<int64_t>();
    case ElementType::i32:
        return halide_type_of<int32_t>();
    case ElementType::i8:
        return halide_type_of<int8_t>();
    default:
        return halide_type_of<uint8_t>();
    }
}

CompiledKernel::CompiledKernel(const KernelSpec& spec, const SizeHint& hint, const std::string& target, bool scheduled)
    : on_device_(scheduled && Halide::Target(target).has_gpu_feature()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "atrous-kernel-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory");
    folder_ = pattern;
    KernelFiles files{folder_ / "k.o", folder_ / "k.s", "", "kernel"};
    if (scheduled) {
        compile_kernel(spec, hint, target, files);
        std::stringstream text;
        text << std::ifstream(files.assembly).rdbuf();
        assembly_ = text.str();
    } else {
        compile_unscheduled(spec, target, files);
    }
    undefined_ = output_of("nm -u " + files.object + " | sed 's/.* U //' | sort | tr '\\n' ' '");
    if (target.starts_with("arm-64-linux")) {
        emulated_ = std::make_unique<EmulatedKernel>(files.object, folder_);
        return;
    }
    std::string library = folder_ / "k.so";
    output_of("cc -shared -o " + library + " " + files.object + " -lm");
    handle_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle_) throw std::runtime_error(dlerror());
    entry_ = reinterpret_cast<int (*)(void**)>(dlsym(handle_, "kernel_argv"));
    if (!entry_) throw std::runtime_error("no kernel_argv");
}

CompiledKernel::~CompiledKernel() {
    if (handle_) dlclose(handle_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

int CompiledKernel::run(std::span<const reference::Arg> args) const {
    if (emulated_) return emulated_->run(args);
    std::vector<std::vector<halide_dimension_t>> dims(args.size());
    std::vector<halide_buffer_t> buffers(args.size());
    std::deque<DeviceMemory> memory;
    void* context = nullptr;
    std::vector<void*> pointers{&context};
    for (size_t i = 0; i < args.size(); i++) {
        if (auto view = std::get_if<reference::View>(&args[i])) {
            for (const reference::Dim& d : view->dims) {
                dims[i].emplace_back(int(d.min), int(d.extent), int(d.stride));
            }
            buffers[i] = {};
            buffers[i].host = static_cast<uint8_t*>(view->data);
            buffers[i].type = buffer_type(view->element);
            buffers[i].dimensions = int(dims[i].size());
            buffers[i].dim = dims[i].data();
            if (on_device_) memory.emplace_back(*view).attach_to(buffers[i]);
            pointers.push_back(&buffers[i]);
        } else {
            const void* scalar = std::holds_alternative<float>(args[i])
                                     ? static_cast<const void*>(&std::get<float>(args[i]))
                                     : &std::get<int32_t>(args[i]);
            pointers.push_back(const_cast<void*>(scalar));
        }
    }
    const int error = entry_(pointers.data());
    if (!on_device_) return error;
    if (const std::string failure = take_device_error(); !failure.empty()) throw std::runtime_error(failure);
    memory.back().read_back();  // the output is the last
    return error;
}

std::vector<std::string> runnable_targets(bool device) {
    if (const char* wanted = std::getenv("ATROUS_TEST_TARGET")) {
        const std::string missing = missing_for_emulation();
        if (missing.empty()) return {wanted};
        std::fprintf(stderr, "SKIP %s: %s\n", wanted, missing.c_str());
        std::exit(77);
    }
    Halide::Target host = Halide::get_host_target();
    std::vector<std::string> targets;
    if (auto opencl = device ? opencl_target() : std::nullopt) targets.push_back(*opencl);
    for (const char* name : {"x86-64-linux-sse41", "x86-64-linux-avx-avx2-f16c-fma-sse41",
                             "x86-64-linux-avx-avx2-avx512-avx512_skylake-f16c-fma-sse41"}) {
        Halide::Target t(name);
        bool runs = true;
        for (auto feature :
             {Halide::Target::SSE41, Halide::Target::AVX2, Halide::Target::FMA, Halide::Target::AVX512_Skylake}) {
            runs = runs && (!t.has_feature(feature) || host.has_feature(feature));
        }
        if (runs) {
            targets.push_back(name);
        } else {
            std::fprintf(stderr, "SKIP %s: this CPU lacks it\n", name);
        }
    }
    return targets;
}

}  // namespace atrous
