#include "compiler/tuning/machine.h"

#include <cmath>

#include "compiler/pipe.h"
#include "runtime/error.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

constexpr double transfer_seconds = 600;
constexpr const char* mark = "atrous-folder:";  // before the folder's name: a login may say more

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

// For a POSIX shell.
std::string shell_word(const std::string& word) {
    std::string text = "'";
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

// The connection's end does not end what it started, so that a shell there sees to it. Where that is not needed any
// more it takes its `sleep` along.
std::string limited(const std::string& command, double seconds) {
    return command + " & p=$!; (trap 'kill $!; exit' TERM; sleep " +
           std::to_string(static_cast<int>(std::ceil(seconds))) +
           " & wait $!; kill -9 $p) >/dev/null 2>&1 & w=$!; wait $p; s=$?; kill $w; exit $s";
}

std::string text_of(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

}  // namespace

bool Machine::is_by_ssh() const {
    return !runner.empty() && fs::path(runner.front()).filename() == "ssh";
}

PlacedProgram::PlacedProgram(const Machine& machine, const fs::path& program) : machine_(machine) {
    path_ = fs::absolute(program).string();
    if (!machine.is_by_ssh()) return;
    const std::string receive =
        "umask 077 && d=$(mktemp -d) && { cat > \"$d/probe\" && chmod 700 \"$d/probe\" && echo " + std::string(mark) +
        "$d || { rm -rf \"$d\"; exit 1; }; }";
    const ProgramRun sent = run_program(with(machine.runner, {receive}), program, transfer_seconds, machine.tick);
    const size_t at = sent.output.rfind(mark);
    if (sent.problem || at == std::string::npos)
        throw Error(
            text_of(machine.runner),
            "could not take a program (" + sent.problem.value_or("no folder was made") + "): " + shorten(sent.output),
            "check that the command logs in without a password, and that there is room");
    folder_ = sent.output.substr(at + std::string(mark).size());
    folder_ = folder_.substr(0, folder_.find_first_of("\r\n"));
    path_ = folder_ + "/probe";
}

PlacedProgram::~PlacedProgram() {
    if (folder_.empty()) return;
    try {
        run_program(with(machine_.runner, {"rm -rf " + shell_word(folder_)}), {}, transfer_seconds, [] {});
    } catch (const Error&) {  // out of reach: its temporary files will be swept some day
    }
}

std::string PlacedProgram::run(const std::vector<std::string>& arguments, double seconds) const {
    std::vector<std::string> words = machine_.runner;
    double limit = seconds;
    if (folder_.empty()) {
        words = with(with(std::move(words), {path_}), arguments);
    } else {
        std::string command = shell_word(path_);
        for (const std::string& argument : arguments) command += " " + shell_word(argument);
        words.push_back(limited(command, seconds));
        limit += 30;  // for the connection
    }
    ProgramRun done = run_program(words, {}, limit, machine_.tick);
    if (done.problem)
        throw Error(text_of(with(machine_.runner, {"PROBE"})), *done.problem + ": " + shorten(done.output));
    return std::move(done.output);
}

}  // namespace atrous
