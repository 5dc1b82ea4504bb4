#include "runtime/network_device.h"

#include <HalideRuntimeCuda.h>
#include <HalideRuntimeOpenCL.h>
#include <pthread.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "runtime/device_memory.h"
#include "runtime/network_numbers.h"
#include "runtime/network_plan.h"

// Of Halide's runtime too, but not in its headers.
extern "C" int halide_cuda_compute_capability(void* user_context, int* major, int* minor);
extern "C" void* halide_opencl_get_symbol(void* user_context, const char* name);

namespace atrous::network {

namespace {

// Runs of a network that have memory on the device at the same time: one computes while another copies. More would take
// more memory and gain nothing.
constexpr int most_runs = 2;

class Lock {
  public:
    explicit Lock(pthread_mutex_t& mutex) : mutex_(mutex) { pthread_mutex_lock(&mutex_); }
    ~Lock() { pthread_mutex_unlock(&mutex_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    pthread_mutex_t& mutex_;
};

}  // namespace

// An opened network on its device: weights, and memory for runs, which is kept from one to the next.
class DeviceNet {
  public:
    DeviceNet(const Device& device, const uint8_t* plan) : device_(device), plan_(plan) {}
    ~DeviceNet();
    DeviceNet(const DeviceNet&) = delete;
    DeviceNet& operator=(const DeviceNet&) = delete;

    int load(const uint8_t* weights);

    const Device& device() const { return device_; }
    const DeviceMemory& weights() const { return weights_; }
    uint64_t weights_offset(uint32_t tensor) const { return offsets_[tensor]; }

    // Memory for a run, at least so much; null: there is not. Waits for another run to end where it must.
    DeviceMemory* take(uint64_t bytes);
    void give_back(DeviceMemory* memory);

  private:
    const Device& device_;
    plan::PlanView plan_;
    DeviceMemory weights_;
    uint64_t* offsets_ = nullptr;  // of each tensor's weights in theirs

    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t returned_ = PTHREAD_COND_INITIALIZER;
    DeviceMemory runs_[most_runs];
    bool in_use_[most_runs] = {};
};

DeviceNet::~DeviceNet() {
    pthread_cond_destroy(&returned_);
    pthread_mutex_destroy(&mutex_);
    std::free(offsets_);
}

int DeviceNet::load(const uint8_t* weights) {
    const uint64_t count = plan_.header().tensors.count;
    offsets_ = static_cast<uint64_t*>(std::calloc(std::max<uint64_t>(count, 1), sizeof(uint64_t)));
    if (!offsets_) return ATROUS_NO_MEMORY;
    const auto elements = [&](const plan::Tensor& tensor) { return plan_.expressions()[tensor.size].value; };
    uint64_t end = 0;
    for (uint64_t i = 0; i < count; ++i) {
        const plan::Tensor& tensor = plan_.tensors()[i];
        if (tensor.kind != plan::TensorKind::weights) continue;
        offsets_[i] = end;
        end = align(end + static_cast<uint64_t>(elements(tensor)) * plan::size_of(tensor.element), device_.grain);
    }
    if (end == 0) return ATROUS_OK;
    if (!weights_.allocate(device_, end)) return failure_code();
    for (uint64_t i = 0; i < count; ++i) {
        const plan::Tensor& tensor = plan_.tensors()[i];
        if (tensor.kind != plan::TensorKind::weights) continue;
        if (!weights_.write(offsets_[i], weights + tensor.offset, plan::size_of(tensor.element),
                            static_cast<int32_t>(elements(tensor))))
            return failure_code();
    }
    return ATROUS_OK;
}

// Memory that is large enough already; else room for it, first where none is.
DeviceMemory* DeviceNet::take(uint64_t bytes) {
    const Lock lock(mutex_);
    for (;;) {
        int chosen = -1, used = 0;
        for (int i = 0; i < most_runs; ++i) {
            used += in_use_[i];
            if (in_use_[i]) continue;
            if (chosen < 0 || runs_[i].bytes() >= bytes || runs_[chosen].bytes() < bytes) chosen = i;
        }
        if (chosen >= 0 && (runs_[chosen].bytes() >= bytes || runs_[chosen].allocate(device_, bytes))) {
            in_use_[chosen] = true;
            return &runs_[chosen];
        }
        if (used == 0) {
            for (DeviceMemory& memory : runs_) memory.free();
            forget_failure();
            if (!runs_[0].allocate(device_, bytes)) return nullptr;
            in_use_[0] = true;
            return &runs_[0];
        }
        forget_failure();
        pthread_cond_wait(&returned_, &mutex_);
    }
}

void DeviceNet::give_back(DeviceMemory* memory) {
    const Lock lock(mutex_);
    in_use_[memory - runs_] = false;
    pthread_cond_signal(&returned_);
}

namespace {

// Tensors have addresses that say which memory they are in and where.
constexpr uint64_t run_space = uint64_t{1} << 60, weights_space = uint64_t{2} << 60;

uint8_t* address(uint64_t space, uint64_t offset) {
    return reinterpret_cast<uint8_t*>(space + offset);
}

bool is_weights(const uint8_t* address) {
    return reinterpret_cast<uint64_t>(address) >= weights_space;
}
uint64_t offset_of(const uint8_t* address) {
    return reinterpret_cast<uint64_t>(address) % run_space;
}

// What a view reaches, in elements from where it begins.
struct Reach {
    int64_t low = 0, high = 0;
    explicit Reach(const halide_buffer_t& view) {
        for (int d = 0; d < view.dimensions; ++d) {
            const int64_t reach = (view.dim[d].extent - int64_t{1}) * view.dim[d].stride;
            (reach < 0 ? low : high) += reach;
        }
    }
    int32_t count() const { return static_cast<int32_t>(high - low + 1); }
};

// One run. Its memory on the device has the arena, the inputs, the outputs, and room for what is moved to where a
// buffer may begin: an OpenCL kernel takes no others.
class DeviceRun {
  public:
    DeviceRun(DeviceNet& net, ResolvedPlan& plan, const atrous_tensor* inputs, const atrous_tensor* outputs)
        : net_(net), plan_(plan), view_(plan.plan()), inputs_(inputs), outputs_(outputs) {}
    ~DeviceRun();
    DeviceRun(const DeviceRun&) = delete;
    DeviceRun& operator=(const DeviceRun&) = delete;

    int run(const Kernel* kernels);

  private:
    struct Moved {
        halide_buffer_t* buffer;
        uint8_t* home;  // its address
        const DeviceMemory* memory;
        uint64_t from, to;  // where its lowest element lies, in that memory and in the run's
        uint32_t element;
        int32_t count;
    };
    static constexpr int most_moved = 16;

    void locate();
    bool is_taken(const halide_buffer_t& buffer) const { return offset_of(buffer.host) % net_.device().begin == 0; }
    const DeviceMemory& memory_of(const halide_buffer_t& buffer) const {
        return is_weights(buffer.host) ? net_.weights() : *memory_;
    }
    bool is_output(const plan::Step& step, const halide_buffer_t& buffer) const;
    template <class Body>
    bool for_buffers(const plan::Step& step, Body body);
    uint64_t room_to_move();
    bool attach();
    bool copy_in();
    bool copy_out();
    int call(uint64_t step, const Kernel* kernels);
    bool move(const plan::Step& step, Moved* moved, int& count);

    DeviceNet& net_;
    ResolvedPlan& plan_;
    const plan::PlanView& view_;
    const atrous_tensor *inputs_, *outputs_;
    DeviceMemory* memory_ = nullptr;
    uint64_t end_ = 0;  // of what tensors take
};

DeviceRun::~DeviceRun() {
    if (!memory_) return;
    for (uint32_t i = 0; i < view_.header().buffers.count; ++i) DeviceMemory::release(plan_.buffer(i));
    net_.give_back(memory_);
}

// The buffers of a step; false as soon as the body says so.
template <class Body>
bool DeviceRun::for_buffers(const plan::Step& step, Body body) {
    for (uint32_t a = step.first_arg; a < step.first_arg + step.arg_count; ++a) {
        const plan::Arg& arg = view_.args()[a];
        if (arg.kind == plan::ArgKind::buffer && !body(plan_.buffer(arg.index))) return false;
    }
    return true;
}

void DeviceRun::locate() {
    const uint64_t grain = net_.device().grain;
    end_ = align(plan_.arena_bytes(), grain);
    for (uint32_t i = 0; i < view_.header().tensors.count; ++i) {
        switch (view_.tensors()[i].kind) {
        case plan::TensorKind::weights:
            plan_.base(i) = address(weights_space, net_.weights_offset(i));
            break;
        case plan::TensorKind::input:
        case plan::TensorKind::output:
            plan_.base(i) = address(run_space, end_);
            end_ = align(end_ + plan_.bytes_of(i), grain);
            break;
        default:
            plan_.base(i) = address(run_space, plan_.offset_of(i));
        }
    }
}

// For what is moved in a step, and behind all of it for views that go backwards: what OpenCL takes for them is as long
// as what they reach, but begins where they do.
uint64_t DeviceRun::room_to_move() {
    uint64_t most = 0, backwards = 0;
    for (uint64_t s = 0; s < view_.header().steps.count; ++s) {
        if (plan_.is_skipped(s)) continue;
        uint64_t bytes = 0;
        for_buffers(view_.steps()[s], [&](const halide_buffer_t& buffer) {
            const Reach reach(buffer);
            const auto element = static_cast<uint64_t>(buffer.type.bytes());
            if (!is_taken(buffer)) bytes += static_cast<uint64_t>(reach.count()) * element + 2 * net_.device().grain;
            backwards = std::max(backwards, static_cast<uint64_t>(-reach.low) * element);
            return true;
        });
        most = std::max(most, bytes);
    }
    return most + backwards;
}

// Buffers that begin where a kernel takes them are views of the device's memory for the whole run.
bool DeviceRun::attach() {
    for (uint64_t s = 0; s < view_.header().steps.count; ++s) {
        if (plan_.is_skipped(s)) continue;
        const bool attached = for_buffers(view_.steps()[s], [&](halide_buffer_t& buffer) {
            if (!buffer.host || !is_taken(buffer)) return true;
            const uint64_t offset = offset_of(buffer.host);
            const DeviceMemory& memory = memory_of(buffer);
            buffer.host = nullptr;
            return memory.attach(offset, buffer);
        });
        if (!attached) return false;
    }
    return true;
}

int DeviceRun::run(const Kernel* kernels) {
    locate();
    if (const int error = plan_.bind()) return error;
    memory_ = net_.take(end_ + room_to_move());
    if (!memory_) return failure_code();
    if (!attach() || !copy_in()) return failure_code();
    for (uint64_t s = 0; s < view_.header().steps.count; ++s) {
        if (plan_.is_skipped(s)) continue;
        if (const int error = call(s, kernels)) return error;
    }
    return copy_out() ? ATROUS_OK : failure_code();
}

bool DeviceRun::copy_in() {
    for (uint32_t i = 0; i < view_.header().tensors.count; ++i) {
        const plan::Tensor& tensor = view_.tensors()[i];
        if (tensor.kind != plan::TensorKind::input) continue;
        const uint32_t element = plan::size_of(tensor.element);
        const auto count = static_cast<int32_t>(plan_.bytes_of(i) / element);
        if (!memory_->write(offset_of(plan_.base(i)), inputs_[tensor.index].data, element, count)) return false;
    }
    return true;
}

bool DeviceRun::copy_out() {
    for (uint32_t i = 0; i < view_.header().tensors.count; ++i) {
        const plan::Tensor& tensor = view_.tensors()[i];
        if (tensor.kind != plan::TensorKind::output) continue;
        const uint32_t element = plan::size_of(tensor.element);
        const auto count = static_cast<int32_t>(plan_.bytes_of(i) / element);
        if (!memory_->read(offset_of(plan_.base(i)), outputs_[tensor.index].data, element, count)) return false;
    }
    return true;
}

int DeviceRun::call(uint64_t index, const Kernel* kernels) {
    const plan::Step& step = view_.steps()[index];
    Moved moved[most_moved];
    int count = 0;
    const bool ready = move(step, moved, count);
    int error = ready ? plan_.call_step(index, kernels, nullptr) : failure_code();
    if (error == ATROUS_KERNEL_FAILED || failure()[0]) error = failure_code();
    for (int i = 0; i < count; ++i) {
        const Moved& m = moved[i];
        DeviceMemory::release(*m.buffer);
        m.buffer->host = m.home;
        // The output is the last one.
        const bool back = error == ATROUS_OK && i + 1 == count && is_output(step, *m.buffer);
        if (back && !DeviceMemory::copy(*memory_, m.to, *m.memory, m.from, m.element, m.count)) error = failure_code();
    }
    return error;
}

bool DeviceRun::is_output(const plan::Step& step, const halide_buffer_t& buffer) const {
    const plan::Arg& last = view_.args()[step.first_arg + step.arg_count - 1];
    return last.kind == plan::ArgKind::buffer && &plan_.buffer(last.index) == &buffer;
}

// Whatever does not begin where a kernel takes it is copied to where one does; what of an output's range is not
// written must come back as it was.
bool DeviceRun::move(const plan::Step& step, Moved* moved, int& count) {
    uint64_t end = end_;
    return for_buffers(step, [&](halide_buffer_t& buffer) {
        if (!buffer.host) return true;
        if (count == most_moved) return false;
        const auto element = static_cast<uint32_t>(buffer.type.bytes());
        const Reach reach(buffer);
        const uint64_t below = static_cast<uint64_t>(-reach.low) * element,
                       origin = align(end + below, net_.device().grain);
        const Moved m{&buffer,        buffer.host, &memory_of(buffer), offset_of(buffer.host) - below,
                      origin - below, element,     reach.count()};
        moved[count++] = m;
        end = origin - below + static_cast<uint64_t>(m.count) * element;
        buffer.host = nullptr;
        return DeviceMemory::copy(*m.memory, m.from, *memory_, m.to, m.element, m.count) &&
               memory_->attach(origin, buffer);
    });
}

void close_net(DeviceNet* net) {
    net->~DeviceNet();
    std::free(net);
}

int open_net(const Device& device, const Level& level, const Parts& parts, bool asked, DeviceNet** net) {
    forget_failure();
    if (PlanView(level.plan).header().loops.count > 0) return ATROUS_BAD_PLAN;
    if (const int error = device.check(level.device_version, asked)) return error;
    void* memory = std::malloc(sizeof(DeviceNet));
    if (!memory) return ATROUS_NO_MEMORY;
    auto* made = new (memory) DeviceNet(device, level.plan);
    const int error = made->load(parts.weights);
    if (error) {
        close_net(made);
        return error;
    }
    *net = made;
    return ATROUS_OK;
}

int run_net(DeviceNet* net, ResolvedPlan& plan, const atrous_tensor* inputs, const atrous_tensor* outputs,
            const Kernel* kernels) {
    forget_failure();
    return DeviceRun(*net, plan, inputs, outputs).run(kernels);
}

const char* explain(const char* text) {
    thread_local char explained[600];
    if (!failure()[0]) return text;
    std::snprintf(explained, sizeof explained, "%s: %s", text, failure());
    return explained;
}

int open_cuda(const Level& level, const Parts& parts, bool asked, DeviceNet** net) {
    return open_net(atrous_device_cuda, level, parts, asked, net);
}
int open_opencl(const Level& level, const Parts& parts, bool asked, DeviceNet** net) {
    return open_net(atrous_device_opencl, level, parts, asked, net);
}

// The driver makes its context with the first piece of memory. Where that fails there is no device to be used.
int check_cuda(uint64_t version, bool) {
    DeviceMemory memory;
    int major = 0, minor = 0;
    if (!memory.allocate(atrous_device_cuda, 1) || halide_cuda_compute_capability(nullptr, &major, &minor) != 0)
        return ATROUS_DEVICE_ABSENT;
    if (static_cast<uint64_t>(major) * 10 + static_cast<uint64_t>(minor) >= version) return ATROUS_OK;
    char said[100];
    std::snprintf(said, sizeof said, "it has compute capability %d.%d, this code needs %d.%d", major, minor,
                  static_cast<int>(version / 10), static_cast<int>(version % 10));
    note_failure(said);
    return ATROUS_DEVICE_ABSENT;
}

// OpenCL's clGet…Info functions all look like this.
using GetInfo = int32_t (*)(void* object, uint32_t what, size_t bytes, void* value, size_t* used);

bool get_info(const char* function, void* object, uint32_t what, size_t bytes, void* value) {
    const auto get = reinterpret_cast<GetInfo>(halide_opencl_get_symbol(nullptr, function));
    return get && get(object, what, bytes, value, nullptr) == 0;
}

// Whether the device of this memory is a CPU: PoCL's, for example.
bool is_cpu(halide_buffer_t& buffer) {
    constexpr uint32_t memory_context = 0x1106, context_devices = 0x1081, device_type = 0x1000;  // CL_MEM_CONTEXT …
    constexpr uint64_t cpu = 1 << 1;                                                             // CL_DEVICE_TYPE_CPU
    void *context = nullptr, *device = nullptr;
    uint64_t type = 0;
    return get_info("clGetMemObjectInfo", reinterpret_cast<void*>(halide_opencl_get_cl_mem(nullptr, &buffer)),
                    memory_context, sizeof context, &context) &&
           get_info("clGetContextInfo", context, context_devices, sizeof device, &device) &&
           get_info("clGetDeviceInfo", device, device_type, sizeof type, &type) && type == cpu;
}

int check_opencl(uint64_t, bool asked) {
    DeviceMemory memory;
    if (!memory.allocate(atrous_device_opencl, 1)) return ATROUS_DEVICE_ABSENT;
    if (asked || !is_cpu(memory.buffer())) return ATROUS_OK;
    note_failure("OpenCL has the CPU only");
    return ATROUS_DEVICE_ABSENT;
}

}  // namespace

// CUDA takes any address; its memory begins at multiples of 256. OpenCL devices ask for different multiples
// (CL_DEVICE_MEM_BASE_ADDR_ALIGN); none is known that asks for more than 512.
extern "C" const Device atrous_device_cuda = {
    ATROUS_DEVICE_CUDA, 256, 1, open_cuda, run_net, close_net, explain, halide_cuda_device_interface, check_cuda};
extern "C" const Device atrous_device_opencl = {
    ATROUS_DEVICE_OPENCL,           512,         512, open_opencl, run_net, close_net, explain,
    halide_opencl_device_interface, check_opencl};

}  // namespace atrous::network
