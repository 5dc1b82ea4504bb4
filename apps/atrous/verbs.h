// The verbs of `atrous`: each parses its own command line and returns the exit code. Errors are thrown.
#pragma once

#include "apps/segment/console.h"

namespace atrous {

// arguments[0] is "atrous VERB", for help texts.
using Verb = int (*)(int count, const char* const* arguments, Console& console);

int compile_verb(int count, const char* const* arguments, Console& console);
int inspect_verb(int count, const char* const* arguments, Console& console);
int run_verb(int count, const char* const* arguments, Console& console);
int segment_verb(int count, const char* const* arguments, Console& console);
int targets_verb(int count, const char* const* arguments, Console& console);
int tune_verb(int count, const char* const* arguments, Console& console);

}  // namespace atrous
