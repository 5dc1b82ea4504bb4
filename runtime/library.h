// A compiled network as C++ programs use it: loaded from a .so of any name, or linked in; over the table in abi.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "runtime/abi.h"

namespace atrous {

struct TensorInfo {
    std::string name;
    int32_t type = 0;
    std::vector<int64_t> shape;           // −1 where free
    std::vector<std::string> dimensions;  // names of free dimensions, "" otherwise
};

struct LibraryInfo {
    std::string name, config_json;  // config as embedded, "" for none
    std::string model_sha256;       // of the ONNX file
    std::vector<std::string> targets;
    std::vector<TensorInfo> inputs, outputs;
};

// Memory that starts at a cache line.
template <typename T>
struct LineAllocator {
    using value_type = T;
    LineAllocator() = default;
    template <typename U>
    LineAllocator(const LineAllocator<U>&) {}
    T* allocate(size_t count) {
        if (count > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
        return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{64}));
    }
    void deallocate(T* memory, size_t) { ::operator delete (memory, std::align_val_t{64}); }
    bool operator==(const LineAllocator&) const { return true; }
};

// An owned tensor, dense and row-major.
struct Tensor {
    int32_t type = ATROUS_F32;
    std::vector<int64_t> shape;
    std::vector<uint8_t, LineAllocator<uint8_t>> bytes;
    float* floats() { return reinterpret_cast<float*>(bytes.data()); }
    const float* floats() const { return reinterpret_cast<const float*>(bytes.data()); }
};

class Library {
  public:
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    // Checks the file before loading it (ELF, this machine's, ABI version). Throws Error.
    static std::shared_ptr<const Library> load(const std::filesystem::path& file);
    static std::shared_ptr<const Library> linked(const atrous_network& network);
    ~Library();

    const LibraryInfo& info() const { return info_; }
    const atrous_network& table() const { return *table_; }

  private:
    Library() = default;
    void* handle_ = nullptr;
    const atrous_network* table_ = nullptr;
    LibraryInfo info_;
};

// Which of a library's levels to open.
struct NetworkChoice {
    std::string device = "auto";  // or cpu, cuda, opencl
    std::string target;           // one of LibraryInfo::targets; empty: the best that this machine has
};

// An opened network. Immutable; threads may share it, each with a Runner of its own.
class OpenNetwork {
  public:
    // Throws Error.
    OpenNetwork(std::shared_ptr<const Library> library, const NetworkChoice& choice = {});
    ~OpenNetwork();
    OpenNetwork(const OpenNetwork&) = delete;
    OpenNetwork& operator=(const OpenNetwork&) = delete;
    const Library& library() const { return *library_; }
    const atrous_net* net() const { return net_; }
    std::string target() const;
    // What the driver calls the GPU that it runs on; "" on the CPU, and where that is not known.
    std::string device_name() const;
    // The ONNX nodes that each of its operators computes, in order. Throws Error for a library of an Atrous that could
    // not time them.
    std::vector<std::string> operators() const;

  private:
    std::shared_ptr<const Library> library_;
    atrous_net* net_ = nullptr;
};

// Runs with a workspace that it keeps: no allocation after the first run of a size (outputs aside). Not for two threads
// at once.
class Runner {
  public:
    explicit Runner(const OpenNetwork& network) : network_(network) {}
    ~Runner();
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;
    // Inputs in the network's order. Throws Error, saying which input differs from what the network takes and how, or
    // with the network's own message. threads 0: as many as there are CPUs.
    std::vector<Tensor> run(const std::vector<Tensor>& inputs, int threads = 1);
    // The same into tensors that are kept from one run to the next. Where `operator_seconds` is given, which has as
    // many numbers as there are operators, the wall time of each is added to its number (run_timed() in abi.h).
    void run_into(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, int threads = 1,
                  std::vector<double>* operator_seconds = nullptr);
    size_t workspace_bytes() const { return workspace_bytes_; }

  private:
    void reserve(size_t bytes);

    const OpenNetwork& network_;
    void* workspace_ = nullptr;
    size_t workspace_bytes_ = 0;
};

// "float32", "int64" … and back (Error for another name). Bytes of one element.
const char* element_name(int32_t type);
int32_t element_type(const std::string& name);
size_t element_bytes(int32_t type);

}  // namespace atrous
