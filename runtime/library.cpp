#include "runtime/library.h"

#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/device_kind.h"
#include "runtime/error.h"
#include "runtime/input_file.h"

namespace atrous {

namespace {

using nlohmann::json;

struct Element {
    int32_t type;
    const char* name;
    size_t bytes;
};
constexpr std::array<Element, 8> elements{{{ATROUS_F32, "float32", 4},
                                           {ATROUS_I64, "int64", 8},
                                           {ATROUS_I32, "int32", 4},
                                           {ATROUS_U8, "uint8", 1},
                                           {ATROUS_BOOL, "bool", 1},
                                           {ATROUS_I8, "int8", 1},
                                           {ATROUS_F64, "float64", 8},
                                           {ATROUS_F16, "float16", 2}}};

#if defined(__x86_64__)
constexpr int machine = EM_X86_64;
constexpr const char* machine_name = "x86-64";
#elif defined(__aarch64__)
constexpr int machine = EM_AARCH64;
constexpr const char* machine_name = "ARM 64";
#else
constexpr int machine = EM_NONE;
constexpr const char* machine_name = "unknown";
#endif

constexpr const char* make_anew = "make it anew with `atrous compile`";

// What of a shared library must be right before the dynamic linker may see it: a file cut short would end the process.
void check_elf(const std::filesystem::path& file) {
    InputFile in(file);
    if (!in.is_open()) throw Error(file.string(), std::string("cannot be opened: ") + std::strerror(errno));
    std::error_code ignored;
    const uint64_t size = std::filesystem::file_size(file, ignored);
    Elf64_Ehdr header{};
    if (in.read(&header, sizeof header) < sizeof header || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_DYN) {
        throw Error(file.string(), "is not a shared library, expected a .so made by `atrous compile`",
                    "give that .so or the .onnx file");
    }
    if (header.e_machine != machine) {
        throw Error(file.string(),
                    std::string("is for another processor, expected one for this machine (") + machine_name + ")",
                    "compile the model with --target host");
    }
    if (header.e_phentsize != sizeof(Elf64_Phdr)) throw Error(file.string(), "is damaged", make_anew);
    const bool has_segments = in.seek(header.e_phoff);
    for (int i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment{};
        if (!has_segments || in.read(&segment, sizeof segment) < sizeof segment || segment.p_offset > size ||
            segment.p_filesz > size - segment.p_offset) {
            throw Error(file.string(), "is cut short", make_anew);
        }
    }
    if (header.e_shoff > size || uint64_t(header.e_shnum) * header.e_shentsize > size - header.e_shoff) {
        throw Error(file.string(), "is cut short", make_anew);
    }
}

std::vector<TensorInfo> parse_tensors(const std::string& subject, const json& list) {
    std::vector<TensorInfo> tensors;
    for (const json& item : list) {
        TensorInfo tensor;
        tensor.name = item.at("name").get<std::string>();
        tensor.type = element_type(item.at("type").get<std::string>());
        tensor.shape = item.at("shape").get<std::vector<int64_t>>();
        tensor.dimensions = item.at("dimensions").get<std::vector<std::string>>();
        if (tensor.shape.size() > ATROUS_MAX_RANK || tensor.dimensions.size() != tensor.shape.size()) {
            throw Error(subject, "describes a tensor of impossible shape", make_anew);
        }
        tensors.push_back(std::move(tensor));
    }
    return tensors;
}

LibraryInfo parse_info(const std::string& subject, const char* text) {
    try {
        const json info = json::parse(text);
        LibraryInfo result;
        result.name = info.at("name").get<std::string>();
        result.targets = info.at("targets").get<std::vector<std::string>>();
        result.inputs = parse_tensors(subject, info.at("inputs"));
        result.outputs = parse_tensors(subject, info.at("outputs"));
        result.model_sha256 = info.at("model").at("sha256").get<std::string>();
        if (info.contains("config")) result.config_json = info.at("config").dump();
        return result;
    } catch (const json::exception& error) {
        throw Error(subject, std::string("describes itself in a way that cannot be read: ") + error.what(), make_anew);
    }
}

std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

std::string shape_text(const int64_t* shape, size_t rank) {
    if (rank == 0) return "scalar";
    std::string text;
    for (size_t i = 0; i < rank; ++i) text += (i ? "×" : "") + std::to_string(shape[i]);
    return text;
}

std::string expected_text(const TensorInfo& info) {
    std::string text = element_name(info.type);
    if (info.shape.empty()) return text + " scalar";
    for (size_t i = 0; i < info.shape.size(); ++i) {
        text += i ? "×" : " ";
        text += info.shape[i] >= 0 ? std::to_string(info.shape[i])
                                   : (info.dimensions[i].empty() ? "any" : info.dimensions[i]);
    }
    return text;
}

// The largest number where there are more.
uint64_t bytes_of(const Tensor& tensor) {
    uint64_t bytes = element_bytes(tensor.type);
    for (int64_t size : tensor.shape) {
        if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes)) return UINT64_MAX;
    }
    return bytes;
}

void check_input(const std::string& network, const TensorInfo& info, const Tensor& tensor) {
    bool fits = tensor.type == info.type && tensor.shape.size() == info.shape.size();
    for (size_t i = 0; fits && i < info.shape.size(); ++i) {
        fits = tensor.shape[i] >= 1 && (info.shape[i] < 0 || info.shape[i] == tensor.shape[i]);
    }
    if (!fits) {
        throw Error(network, "input '" + info.name + "' is " + element_name(tensor.type) + " " +
                                 shape_text(tensor.shape.data(), tensor.shape.size()) + ", expected " +
                                 expected_text(info));
    }
    const uint64_t bytes = bytes_of(tensor);
    if (tensor.bytes.size() != bytes) {
        throw Error(network, "input '" + info.name + "' holds " + std::to_string(tensor.bytes.size()) +
                                 " bytes, its shape needs " + std::to_string(bytes));
    }
}

atrous_tensor view_of(const Tensor& tensor) {
    atrous_tensor view{};
    view.data = const_cast<uint8_t*>(tensor.bytes.data());  // inputs are only read
    view.type = tensor.type;
    view.rank = static_cast<int32_t>(tensor.shape.size());
    std::copy(tensor.shape.begin(), tensor.shape.end(), view.shape);
    return view;
}

int32_t device_number(const std::string& name) {
    constexpr std::array<std::pair<const char*, int32_t>, 4> devices{{{"auto", ATROUS_DEVICE_AUTO},
                                                                      {"cpu", ATROUS_DEVICE_CPU},
                                                                      {"cuda", ATROUS_DEVICE_CUDA},
                                                                      {"opencl", ATROUS_DEVICE_OPENCL}}};
    for (const auto& [known, number] : devices) {
        if (name == known) return number;
    }
    throw Error("device \"" + name + "\"", "is not known", "use auto, cpu, cuda or opencl");
}

// Why a network could not be opened.
[[noreturn]] void refuse(const Library& library, const NetworkChoice& choice, int error) {
    const LibraryInfo& info = library.info();
    const std::string message = library.table().message(error), targets = list_of(info.targets);
    const std::string &device = choice.device, &target = choice.target;
    const auto is_for = [&](const std::string& t) { return device == "auto" || device_of(t) == device_number(device); };
    const bool held = std::find(info.targets.begin(), info.targets.end(), target) != info.targets.end();
    if (std::none_of(info.targets.begin(), info.targets.end(), is_for)) {
        throw Error(info.name, "holds no code for --device " + device + ", only for " + targets,
                    "use another --device or leave it out");
    }
    if (!target.empty() && !held) {
        throw Error(info.name, "holds no code for --target " + target + ", only for " + targets,
                    "choose among these, or leave it out");
    }
    if (!target.empty() && !is_for(target)) {
        throw Error(info.name, "--target " + target + " is not for --device " + device, "leave one of them out");
    }
    if (error == ATROUS_DEVICE_ABSENT) {
        const bool cpu = !std::all_of(info.targets.begin(), info.targets.end(), is_for_gpu);
        throw Error(info.name, message,
                    std::string("look for its driver, and for permission to use it") +
                        (cpu ? ", or use --device cpu" : ", or compile the model with --target host"));
    }
    if (error != ATROUS_NO_TARGET) throw Error(info.name, message);
    if (target.empty()) {
        throw Error(info.name, message + " (it was compiled for " + targets + ")",
                    "compile the model with --target host");
    }
    throw Error(info.name, "holds code for " + target + ", which this CPU cannot run", "leave --target out");
}

// Overflow is not possible: the network has checked the shape.
void take_shape(Tensor& tensor, const atrous_tensor& view) {
    tensor.type = view.type;
    tensor.shape.assign(view.shape, view.shape + view.rank);
    size_t count = element_bytes(view.type);
    for (int64_t size : tensor.shape) count *= static_cast<size_t>(size);
    tensor.bytes.resize(count);
}

void check_times(const Library& library) {
    const atrous_network& table = library.table();
    if (table.bytes >= offsetof(atrous_network, run_timed) + sizeof table.run_timed) return;
    throw Error(library.info().name, "was compiled before operators could be timed", make_anew);
}

}  // namespace

std::shared_ptr<const Library> Library::load(const std::filesystem::path& file) {
    check_elf(file);
    const std::shared_ptr<Library> library(new Library);
    library->handle_ = dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library->handle_) {
        throw Error(file.string(), std::string("cannot be loaded: ") + dlerror(), make_anew);
    }
    library->table_ = static_cast<const atrous_network*>(dlsym(library->handle_, ATROUS_NETWORK_SYMBOL));
    if (!library->table_) {
        throw Error(file.string(), "is a shared library but holds no network, expected a .so made by `atrous compile`");
    }
    if (library->table_->abi_version != ATROUS_ABI_VERSION) {
        throw Error(file.string(),
                    "has version " + std::to_string(library->table_->abi_version) +
                        " of the library interface, expected version " + std::to_string(ATROUS_ABI_VERSION),
                    make_anew);
    }
    library->info_ = parse_info(file.string(), library->table_->info());
    return library;
}

std::shared_ptr<const Library> Library::linked(const atrous_network& network) {
    const std::shared_ptr<Library> library(new Library);
    library->table_ = &network;
    library->info_ = parse_info("the program's network", network.info());
    return library;
}

Library::~Library() {
    if (handle_) dlclose(handle_);
}

OpenNetwork::OpenNetwork(std::shared_ptr<const Library> library, const NetworkChoice& choice)
    : library_(std::move(library)) {
    atrous_options options{};
    options.bytes = sizeof options;
    options.device = device_number(choice.device);
    options.target = choice.target.empty() ? nullptr : choice.target.c_str();
    const int error = library_->table().open(&options, &net_);
    if (error != ATROUS_OK) refuse(*library_, choice, error);
}

OpenNetwork::~OpenNetwork() {
    library_->table().close(net_);
}

std::string OpenNetwork::target() const {
    return library_->table().target(net_);
}

std::string OpenNetwork::device_name() const {
    const atrous_network& table = library_->table();
    const bool can_tell = table.bytes >= offsetof(atrous_network, device_name) + sizeof table.device_name;
    const char* name = can_tell ? table.device_name(net_) : nullptr;
    return name ? name : "";
}

std::vector<std::string> OpenNetwork::operators() const {
    check_times(*library_);
    std::vector<std::string> names;
    for (size_t i = 0; i < library_->table().operator_count(net_); ++i)
        names.emplace_back(library_->table().operator_name(net_, i));
    return names;
}

Runner::~Runner() {
    std::free(workspace_);
}

std::vector<Tensor> Runner::run(const std::vector<Tensor>& inputs, int threads) {
    std::vector<Tensor> outputs;
    run_into(inputs, outputs, threads);
    return outputs;
}

void Runner::run_into(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, int threads,
                      std::vector<double>* operator_seconds) {
    if (operator_seconds) check_times(network_.library());
    const LibraryInfo& info = network_.library().info();
    const atrous_network& table = network_.library().table();
    if (inputs.size() != info.inputs.size()) {
        throw Error(info.name,
                    "got " + std::to_string(inputs.size()) + " inputs, expected " + std::to_string(info.inputs.size()));
    }
    std::vector<atrous_tensor> in, out(info.outputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
        check_input(info.name, info.inputs[i], inputs[i]);
        in.push_back(view_of(inputs[i]));
    }
    const auto check = [&](int error) {
        if (error != ATROUS_OK) throw Error(info.name, table.message(error));
    };
    size_t bytes = 0;
    check(table.output_shape(network_.net(), in.data(), out.data()));
    check(table.workspace_size(network_.net(), in.data(), &bytes));
    reserve(bytes);
    outputs.resize(out.size());
    for (size_t i = 0; i < out.size(); ++i) {
        take_shape(outputs[i], out[i]);
        out[i].data = outputs[i].bytes.data();
    }
    check(operator_seconds ? table.run_timed(network_.net(), in.data(), out.data(), workspace_, threads,
                                             operator_seconds->data(), operator_seconds->size())
                           : table.run(network_.net(), in.data(), out.data(), workspace_, threads));
}

// Large workspaces start at a huge page and ask for such pages: fewer misses of the address cache.
void Runner::reserve(size_t bytes) {
    if (bytes <= workspace_bytes_) return;
    constexpr size_t huge_page = size_t(2) << 20;
    const size_t alignment = bytes >= huge_page ? huge_page : 64;
    if (bytes > SIZE_MAX - alignment) throw Error(network_.library().info().name, "there is not enough memory");
    bytes = (bytes + alignment - 1) / alignment * alignment;
    std::free(workspace_);
    workspace_bytes_ = 0;
    workspace_ = std::aligned_alloc(alignment, bytes);
    if (!workspace_) {
        throw Error(network_.library().info().name,
                    "there is not enough memory for a workspace of " + std::to_string(bytes) + " bytes");
    }
    if (alignment == huge_page) madvise(workspace_, bytes, MADV_HUGEPAGE);
    workspace_bytes_ = bytes;
}

const char* element_name(int32_t type) {
    for (const Element& element : elements) {
        if (element.type == type) return element.name;
    }
    return "of an unknown type";
}

int32_t element_type(const std::string& name) {
    for (const Element& element : elements) {
        if (element.name == name) return element.type;
    }
    throw Error(name, "is not an element type",
                "expected float32, int64, int32, uint8, bool, int8, float64 or float16");
}

size_t element_bytes(int32_t type) {
    for (const Element& element : elements) {
        if (element.type == type) return element.bytes;
    }
    throw Error(std::to_string(type), "is not the number of an element type");
}

}  // namespace atrous
