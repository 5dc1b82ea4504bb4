#include "apps/segment/program.h"

#include <new>

#include "apps/segment/interrupt.h"
#include "apps/segment/network_task.h"
#include "runtime/error.h"

namespace atrous {

int run_program(Console& console, const std::function<int()>& body) {
    catch_interrupts();
    try {
        return body();
    } catch (const Interrupted& stop) {
        console.end_progress();
        console.note("Interrupted");
        return stop.exit_code;
    } catch (const ConfigMissing& error) {
        console.end_progress();
        console.error(error.what());
        console.text(error.config_template());
    } catch (const Error& error) {
        console.end_progress();
        console.error(error.what());
    } catch (const std::bad_alloc&) {
        console.end_progress();
        console.error("memory: there is not enough of it; close other programs or use fewer threads");
    } catch (const std::exception& error) {
        console.end_progress();
        console.error(error.what());
    }
    return 2;
}

}  // namespace atrous
