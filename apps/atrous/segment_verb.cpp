// atrous segment: the work is in apps/segment; here is where its network comes from.
#include "apps/segment/segment.h"

#include "apps/atrous/command_line.h"
#include "apps/atrous/model_source.h"
#include "apps/atrous/tbb_pool.h"
#include "apps/atrous/verbs.h"
#include "schedules/registry.h"

namespace atrous {

int segment_verb(int count, const char* const* arguments, Console& console) {
    CLI::App app("Segments pictures: files, folders with all below them, or paths from stdin.", arguments[0]);
    ModelOptions model;
    SegmentOptions options;
    VerbosityFlags verbosity;
    app.add_option("--model", model.model,
                   "A compiled network (.so), or an ONNX model, which is compiled once and kept")
        ->required()
        ->type_name("M");
    add_options(app, segment_options(options));
    app.add_option("--cache", model.cache, "Where compiled models are kept (default: the user's cache)")
        ->type_name("DIR");
    add_options(app, verbosity_options(verbosity));
    app.footer("Example:\n  atrous segment --model u2net.so photos/ -o masks/ --format mask,cutout");
    if (!parse_arguments(app, count, arguments)) return 0;
    console.set_verbosity(verbosity.level());

    if (!options.network.target.empty()) options.network.target = canonical_target(options.network.target);
    model.device = options.network.device;
    const OpenNetwork network(load_model(model, console), options.network);
    VerbPool pool;
    return segment(network, model.model.string(), options, stdin, console, pool);
}

}  // namespace atrous
