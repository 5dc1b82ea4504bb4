#include "compiler/lower.h"

#include <stdexcept>

#include "compiler/lower_check.h"
#include "compiler/lowering.h"
#include "compiler/passes.h"
#include "runtime/error.h"

namespace atrous {

LoweredNetwork lower(Network network, const LowerOptions& options) {
    const std::string file = network.file;
    try {
        check_network(network);
        run_passes(network, options.keep_all);
        return Lowering(std::move(network), options).run();
    } catch (const std::length_error&) {  // see compiler/size.h
        throw Error(file, "its tensors' sizes are too complicated as functions of the input's size",
                    "declare height and width as numbers");
    }
}

}  // namespace atrous
