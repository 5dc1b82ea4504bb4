#include "compiler/kernel_cache.h"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "compiler/files.h"
#include "runtime/error.h"
#include "schedules/registry.h"
#include "small_network.h"

using namespace atrous;
namespace fs = std::filesystem;

namespace {

using Compile = decltype(&compile_kernel);

// Stands in for the code generator: an object file is any file.
void compile_to_text(const KernelSpec& spec, const SizeHint&, const std::string& target, const KernelFiles& files) {
    std::ofstream(files.object) << name_of(spec) << " for " << target;
    if (!files.assembly.empty()) std::ofstream(files.assembly) << "assembly";
    if (!files.statements.empty()) std::ofstream(files.statements) << "statements";
}

KernelOptions options_in(const TestFolder& folder, Compile compile = compile_to_text) {
    KernelOptions options;
    options.folder = folder.path();
    options.jobs = 2;
    options.compile = compile;
    return options;
}

const std::string target = "x86-64-linux";

std::string error_of(Compile compile) {
    const TestFolder folder;
    KernelOptions options = options_in(folder, compile);
    options.jobs = 1;  // the first one fails first
    try {
        compile_kernels(small_requests(target), options);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("Equal kernels are compiled once") {
    const TestFolder folder;
    std::vector<KernelRequest> requests = small_requests(target);
    requests.push_back(requests[0]);
    std::vector<std::pair<int, int>> progress;
    KernelOptions options = options_in(folder);
    options.progress = [&](int done, int total) { progress.emplace_back(done, total); };
    const CompiledKernels kernels = compile_kernels(requests, options);
    CHECK(kernels.kernels.size() == 2);
    CHECK(kernels.of_request == std::vector<size_t>{0, 1, 0});
    CHECK(kernels.cached == 0);
    CHECK(kernels.kernels[0].symbol == kernels.kernels[0].name + "_x86_64_linux");
    CHECK(read_file(folder / kernels.kernels[0].object) == name_of(requests[0].spec) + " for x86-64-linux");
    REQUIRE(!progress.empty());
    CHECK(progress.front() == std::pair(0, 2));
    CHECK(progress.back() == std::pair(2, 2));
}

TEST_CASE("The cache gives back what was stored, or nothing") {
    const TestFolder cache;
    const auto compile_again = [&](Compile compile, bool assembly = false) {
        const TestFolder folder;
        KernelOptions options = options_in(folder, compile);
        options.cache = cache.path();
        options.assembly = assembly;
        const CompiledKernels kernels = compile_kernels(small_requests(target), options);
        for (size_t i = 0; i < 2; ++i) {
            CHECK(read_file(folder / kernels.kernels[i].object) ==
                  name_of(small_requests(target)[i].spec) + " for x86-64-linux");
        }
        if (assembly) CHECK(read_file(folder / kernels.kernels[0].assembly) == "assembly");
        return kernels.cached;
    };
    CHECK(compile_again(compile_to_text) == 0);
    const Compile never = [](const KernelSpec&, const SizeHint&, const std::string&, const KernelFiles&) {
        throw Error("not in the cache");
    };
    CHECK(compile_again(never) == 2);
    CHECK(compile_again(compile_to_text, true) == 0);

    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(cache.path())) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    REQUIRE(files.size() == 2);
    const std::string whole = read_file(files[0]);
    std::string changed = whole;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    for (const std::string& damaged :
         {std::string(), whole.substr(0, 64), whole.substr(0, whole.size() - 1), changed}) {
        create_file(files[0], damaged);
        CHECK(compile_again(compile_to_text) == 1);
        CHECK(compile_again(never) == 2);
    }
}

TEST_CASE("A cache that cannot be written costs nothing but time") {
    const TestFolder folder;
    create_file(folder / "file", "");
    KernelOptions options = options_in(folder);
    options.cache = folder / "file";
    CHECK(compile_kernels(small_requests(target), options).cached == 0);
}

TEST_CASE("A child that fails, aborts or crashes is reported with the kernel and what it said") {
    const std::string subject =
        "kernel " + kernel_name(small_requests(target)[0].spec, {}, target) + " for x86-64-linux: ";
    const std::string advice = "; try another --target, and report this as a mistake in Atrous";
    CHECK(error_of(compile_to_text) == "no error");
    CHECK(error_of([](const KernelSpec&, const SizeHint&, const std::string&, const KernelFiles&) {
              throw Error("loop", "has no bounds");
          }) == subject + "could not be compiled: loop: has no bounds" + advice);
    CHECK(error_of([](const KernelSpec&, const SizeHint&, const std::string&, const KernelFiles&) {
              fputs("LLVM ERROR: Cannot select\n  this\n", stderr);
              abort();
          }) == subject +
                    "could not be compiled (the code generator ended with signal 6, Aborted): LLVM ERROR: Cannot "
                    "select this" +
                    advice);
    CHECK(
        error_of([](const KernelSpec&, const SizeHint&, const std::string&, const KernelFiles&) { raise(SIGKILL); }) ==
        subject + "could not be compiled (the code generator ended with signal 9, Killed): it said nothing" + advice);
    CHECK(error_of([](const KernelSpec&, const SizeHint&, const std::string&, const KernelFiles&) { _exit(1); }) ==
          subject + "could not be compiled (the code generator ended with exit status 1): it said nothing" + advice);
}

namespace {

void autoschedule_to_text(const KernelSpec& spec, const SizeHint&, const std::string&, const Autoscheduling& how,
                          const KernelFiles& files) {
    std::ofstream(files.object) << name_of(spec) << " by " << how.text();
}

// An addition and a ReLU, to be scheduled for rows of so many numbers.
std::vector<KernelRequest> autoscheduled_requests(int64_t length) {
    std::vector<KernelRequest> requests = small_requests(target);
    for (KernelRequest& request : requests) {
        const ArgumentEstimate row{{length, 1, 1, 1, 1}};
        request.autoscheduling = {"Adams2019", {row, {{}, 0.5}, row}};
    }
    return requests;
}

}  // namespace

TEST_CASE("An autoscheduler's kernels differ by the sizes it was told") {
    const TestFolder folder, cache;
    std::vector<KernelRequest> requests = autoscheduled_requests(3);
    for (const KernelRequest& request : autoscheduled_requests(4)) requests.push_back(request);
    for (const KernelRequest& request : small_requests(target)) requests.push_back(request);
    requests.push_back(requests[0]);
    KernelOptions options = options_in(folder);
    options.autoschedule = autoschedule_to_text;
    options.cache = cache.path();
    const CompiledKernels kernels = compile_kernels(requests, options);
    CHECK(kernels.of_request == std::vector<size_t>{0, 1, 2, 3, 4, 5, 0});
    CHECK(kernels.fallbacks.empty());
    CHECK(kernels.kernels[0].name.starts_with(name_of(requests[0].spec) + "_Adams2019_"));
    CHECK(read_file(folder / kernels.kernels[2].object) ==
          name_of(requests[2].spec) + " by Adams2019 4x1x1x1x1 0.500000 4x1x1x1x1");
    CHECK(read_file(folder / kernels.kernels[4].object) == name_of(requests[4].spec) + " for x86-64-linux");
    CHECK(compile_kernels(requests, options).cached == 6);
}

TEST_CASE("Kernels that an autoscheduler cannot do are ours") {
    using Autoschedule = decltype(&autoschedule_kernel);
    const auto reason = [&](Autoschedule autoschedule) {
        const TestFolder folder, cache;
        KernelOptions options = options_in(folder);
        options.autoschedule = autoschedule;
        options.autoscheduler_seconds = 0.5;
        options.cache = cache.path();
        // The ReLU in two sizes, between two additions by our schedules.
        std::vector<KernelRequest> requests = small_requests(target);
        requests[1] = autoscheduled_requests(3)[1];
        requests.push_back(autoscheduled_requests(4)[1]);
        requests.push_back(requests[0]);
        const CompiledKernels kernels = compile_kernels(requests, options);
        CHECK(kernels.of_request == std::vector<size_t>{0, 1, 1, 0});
        REQUIRE(kernels.kernels.size() == 2);
        CHECK(kernels.kernels[1].symbol == name_of(requests[1].spec) + "_x86_64_linux");
        CHECK(read_file(folder / kernels.kernels[1].object) == name_of(requests[1].spec) + " for x86-64-linux");
        REQUIRE(kernels.fallbacks.size() == 2);
        CHECK(kernels.fallbacks.at(1) == kernels.fallbacks.at(2));
        CHECK(compile_kernels(requests, options).cached == 2);
        return kernels.fallbacks.at(1);
    };
    CHECK(reason([](const KernelSpec&, const SizeHint&, const std::string&, const Autoscheduling&, const KernelFiles&) {
              throw Error("loops", "are none");
          }) == "could not be compiled: loops: are none");
    CHECK(reason([](const KernelSpec&, const SizeHint&, const std::string&, const Autoscheduling&, const KernelFiles&) {
              abort();
          }) == "could not be compiled (the code generator ended with signal 6, Aborted): it said nothing");
    CHECK(reason([](const KernelSpec&, const SizeHint&, const std::string&, const Autoscheduling&, const KernelFiles&) {
              for (;;) getppid();
          }) == "took more than 0.5 s of a CPU");
}

TEST_CASE("An interrupted compilation leaves no process behind") {
    const TestFolder folder;
    KernelOptions options =
        options_in(folder, [](const KernelSpec&, const SizeHint&, const std::string&, const KernelFiles& files) {
            std::ofstream(files.object + ".pid") << getpid() << std::endl;
            sleep(60);
        });
    const auto pids = [&] {
        std::vector<pid_t> found;
        for (const auto& entry : fs::directory_iterator(folder.path())) {
            pid_t pid = 0;
            if (std::ifstream(entry.path()) >> pid) found.push_back(pid);
        }
        return found;
    };
    options.progress = [&](int, int) {
        if (pids().size() == 2) throw Error("interrupted");
    };
    CHECK_THROWS_WITH(compile_kernels(small_requests(target), options), "interrupted");
    const std::vector<pid_t> children = pids();
    REQUIRE(children.size() == 2);
    for (pid_t child : children) CHECK(kill(child, 0) != 0);
}

TEST_CASE("The code generator's own objects have one entry and need little") {
    const TestFolder folder;
    KernelOptions options = options_in(folder, compile_kernel);
    options.assembly = options.statements = true;
    const CompiledKernels kernels = compile_kernels(small_requests(canonical_target("x86-64-linux-avx2")), options);
    for (const CompiledKernel& kernel : kernels.kernels) {
        CHECK(read_file(folder / kernel.assembly).find(kernel.symbol) != std::string::npos);
        CHECK(!read_file(folder / kernel.statements).empty());
        CHECK(output_of("nm " + (folder / kernel.object).string()).find("T " + kernel.symbol + "_argv\n") !=
              std::string::npos);
    }
}
