#include "apps/segment/segment.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "apps/segment/interrupt.h"
#include "apps/segment/output.h"
#include "apps/segment/picture.h"

namespace atrous {

namespace {

// As many pictures at once as threads; but two threads to a run of the network, because each run has a workspace and
// the weights in its caches. Pictures that wait for a run are read and written meanwhile.
struct ThreadSplit {
    int pictures, runs, inside;
};

ThreadSplit split_threads(int threads, size_t pictures) {
    const int at_once = static_cast<int>(std::clamp(pictures, size_t{1}, static_cast<size_t>(threads)));
    const int inside = std::max(threads / at_once, std::min(threads, 2));
    return {at_once, (threads + inside - 1) / inside, inside};
}

// Counts of a run, and what is told about them.
class Run {
  public:
    Run(const SegmentOptions& options, const Inputs& inputs, PictureWorker& worker, Console& console)
        : options_(options), inputs_(inputs), worker_(worker), console_(console), manifest_(options.directory) {}

    int go(Pool& pool, int at_once) {
        show_progress();
        try {
            const InterruptWatch watch([this] { stop_now(); }, [this] { console_.redraw(); });
            pool.run(at_once, inputs_.pictures.size(), [this](size_t index) { one(index); });
        } catch (const OutputError&) {
            keep_manifest();  // of what is done
            throw;
        }
        if (interrupted()) stop_now();
        manifest_.finish();
        console_.end_progress();
        summarise();
        return failed_ > 0 ? 1 : 0;
    }

  private:
    void one(size_t index) {
        if (stopping_) return;
        ManifestLine line = worker_.run(inputs_.pictures[index]);
        (line.done ? done_ : failed_)++;
        if (!line.done) {
            console_.error(line.error);
            if (options_.fail_fast) stopping_ = true;
        } else if (console_.verbose()) {
            for (const std::string& output : line.outputs) {
                console_.detail(line.input + " → " + (options_.directory / output).string());
            }
        }
        manifest_.record(index, std::move(line));
        show_progress();
    }

    void show_progress() {
        const size_t total = inputs_.pictures.size();
        if (total > 0) console_.progress("Segmenting", done_ + failed_, total);
    }

    // A network cannot be stopped while it runs and may run for minutes, so its results are given up: once no file is
    // half written and the manifest tells what is done, the process ends.
    [[noreturn]] void stop_now() {
        stopping_ = true;
        const auto no_writer = worker_.hold_writing();
        const size_t recorded = keep_manifest();
        console_.end_progress();
        console_.note("Interrupted: " + std::to_string(recorded) + " of " + std::to_string(inputs_.pictures.size()) +
                      " pictures are done");
        std::_Exit(interrupted_exit_code());
    }

    // Of a run that ends early. There may be no room for it either, which is no news then.
    size_t keep_manifest() {
        try {
            return manifest_.finish();
        } catch (const OutputError&) {
            return 0;
        }
    }

    void summarise() {
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
        const std::string directory = options_.directory.string();
        if (options_.json) {
            const nlohmann::ordered_json summary{
                {"done", done_.load()},       {"failed", failed_.load()},
                {"ignored", inputs_.ignored}, {"seconds", elapsed.count()},
                {"directory", directory},     {"manifest", (options_.directory / "manifest.jsonl").string()}};
            print_result(summary);
            return;
        }
        std::string text = std::to_string(done_) + (done_ == 1 ? " picture" : " pictures") + " segmented into " +
                           printable(directory) + " in " + duration_text(elapsed.count());
        if (failed_ > 0) text += ", " + std::to_string(failed_) + " failed";
        if (inputs_.ignored > 0) text += ", " + std::to_string(inputs_.ignored) + " other files ignored";
        const size_t left_out = inputs_.pictures.size() - done_ - failed_;
        if (left_out > 0) text += ", " + std::to_string(left_out) + " not begun";
        if (!console_.quiet()) print_result(text + "\n");
    }

    const SegmentOptions& options_;
    const Inputs& inputs_;
    PictureWorker& worker_;
    Console& console_;
    Manifest manifest_;
    std::atomic<size_t> done_{0}, failed_{0};
    std::atomic<bool> stopping_{false};
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

int segment(const OpenNetwork& network, const std::string& subject, const SegmentOptions& options, std::FILE* list,
            Console& console, Pool& pool) {
    console.detail(subject + ": runs its code for " + network.target());
    PictureJob job{network, embedded_config(network.library().info(), subject), {}, {}, options.directory};
    job.task = network_task(network.library().info(), job.config, subject);
    job.formats = choose_formats(options.formats, job.task, subject);
    job.max_pixels = options.max_pixels;

    const Inputs inputs = find_inputs(options.inputs, list, options.directory);
    const ThreadSplit threads = split_threads(thread_count(options.threads), inputs.pictures.size());
    job.threads = threads.inside;
    job.runs = threads.runs;
    make_folder(options.directory);
    PictureWorker worker(std::move(job));
    return Run(options, inputs, worker, console).go(pool, threads.pictures);
}

}  // namespace atrous
