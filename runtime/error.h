// The one exception of compiler, runtime helpers and apps. (The emitted network throws nothing; it returns codes.)
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace atrous {

// Something the user gave cannot be used. Reads `SUBJECT: PROBLEM; ADVICE`: the subject is a file (then, for a model,
// the node), the problem says what was found and what was expected, the advice what to do.
class Error : public std::runtime_error {
  public:
    explicit Error(std::string_view message) : std::runtime_error(std::string(message)) {}
    Error(std::string_view subject, std::string_view problem, std::string_view advice = {})
        : std::runtime_error(std::string(subject) + ": " + std::string(problem) +
                             (advice.empty() ? std::string() : "; " + std::string(advice))) {}
};

}  // namespace atrous
