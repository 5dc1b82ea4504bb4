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
#include "runtime/opencl_device.h"

// Of Halide's runtime too, but not in its headers.
extern "C" int halide_cuda_compute_capability(void* user_context, int* major, int* minor);
extern "C" int halide_cuda_acquire_context(void* user_context, void** context, bool create);
extern "C" int halide_cuda_release_context(void* user_context);
extern "C" void* halide_cuda_get_symbol(void* user_context, const char* name);

namespace atrous::network {

namespace {

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

    // One run at a time: the device has one queue, so that runs would wait for each other there.
    pthread_mutex_t& mutex() { return mutex_; }
    // Memory for a run, kept for the next; false: there is not so much.
    bool reserve(uint64_t bytes) { return run_memory_.bytes() >= bytes || run_memory_.allocate(device_, bytes); }
    DeviceMemory& run_memory() { return run_memory_; }

  private:
    uint64_t tensor_before(uint64_t tensor) const;

    const Device& device_;
    plan::PlanView plan_;
    DeviceMemory weights_;
    uint64_t* offsets_ = nullptr;  // of each tensor's weights in theirs

    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    DeviceMemory run_memory_;
};

DeviceNet::~DeviceNet() {
    pthread_mutex_destroy(&mutex_);
    std::free(offsets_);
}

// The first tensor with these weights, which may be itself.
uint64_t DeviceNet::tensor_before(uint64_t index) const {
    const auto elements = [&](const plan::Tensor& tensor) { return plan_.expressions()[tensor.size].value; };
    const plan::Tensor& wanted = plan_.tensors()[index];
    for (uint64_t i = 0; i < index; ++i) {
        const plan::Tensor& tensor = plan_.tensors()[i];
        if (tensor.kind == plan::TensorKind::weights && tensor.offset == wanted.offset &&
            tensor.element == wanted.element && elements(tensor) == elements(wanted))
            return i;
    }
    return index;
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
        if (const uint64_t same = tensor_before(i); same < i) {  // equal weights, stored once
            offsets_[i] = offsets_[same];
            continue;
        }
        offsets_[i] = end;
        end =
            align(end + static_cast<uint64_t>(elements(tensor)) * plan::size_of(tensor.element), device_.tensor_grain);
    }
    if (end == 0) return ATROUS_OK;
    if (!weights_.allocate(device_, end)) return failure_code();
    for (uint64_t i = 0; i < count; ++i) {
        const plan::Tensor& tensor = plan_.tensors()[i];
        if (tensor.kind != plan::TensorKind::weights || tensor_before(i) < i) continue;
        if (!weights_.write(offsets_[i], weights + tensor.offset, plan::size_of(tensor.element),
                            static_cast<int32_t>(elements(tensor))))
            return failure_code();
    }
    return ATROUS_OK;
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

// What a view reaches, in elements from where it begins: from `low` up to and without `end`.
struct Reach {
    int64_t low = 0, end = 1;
    explicit Reach(const halide_buffer_t& view) {
        for (int d = 0; d < view.dimensions; ++d) {
            if (view.dim[d].extent < 1) {
                low = end = 0;
                return;
            }
            const int64_t reach = (view.dim[d].extent - int64_t{1}) * view.dim[d].stride;
            (reach < 0 ? low : end) += reach;
        }
    }
    bool empty() const { return low == end; }
    int32_t count() const { return static_cast<int32_t>(end - low); }
};

// One run. Its memory on the device has the arena, the inputs, the outputs, and room for what is moved to where a
// buffer may begin: an OpenCL kernel takes no others.
class DeviceRun {
  public:
    DeviceRun(DeviceNet& net, ResolvedPlan& plan, const atrous_tensor* inputs, const atrous_tensor* outputs)
        : net_(net), plan_(plan), view_(plan.plan()), inputs_(inputs), outputs_(outputs), memory_(net.run_memory()) {}
    ~DeviceRun();
    DeviceRun(const DeviceRun&) = delete;
    DeviceRun& operator=(const DeviceRun&) = delete;

    int run(const Kernel* kernels, Profile* profile);

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
    // Whether a kernel takes the buffer where it is; of an empty one it takes nothing.
    bool is_taken(const halide_buffer_t& buffer) const {
        return offset_of(buffer.host) % net_.device().view_grain == 0 || Reach(buffer).empty();
    }
    const DeviceMemory& memory_of(const halide_buffer_t& buffer) const {
        return is_weights(buffer.host) ? net_.weights() : memory_;
    }
    bool is_output(const plan::Step& step, const halide_buffer_t& buffer) const;
    template <class Body>
    bool for_buffers(const plan::Step& step, Body body);
    uint64_t room_to_move();
    bool attach();
    bool copy_in();
    bool copy_out();
    int call(uint64_t step, const Kernel* kernels);
    int call_timed(uint64_t step, const Kernel* kernels, Profile& profile);
    bool move(const plan::Step& step, Moved* moved, int& count);

    DeviceNet& net_;
    ResolvedPlan& plan_;
    const plan::PlanView& view_;
    const atrous_tensor *inputs_, *outputs_;
    DeviceMemory& memory_;
    bool attached_ = false;
    uint64_t end_ = 0;  // of what tensors take
};

DeviceRun::~DeviceRun() {
    if (!attached_) return;
    for (uint32_t i = 0; i < view_.header().buffers.count; ++i) DeviceMemory::release(plan_.buffer(i));
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
    const uint64_t grain = net_.device().tensor_grain;
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
            if (!is_taken(buffer))
                bytes += static_cast<uint64_t>(reach.count()) * element + 2 * net_.device().tensor_grain;
            backwards = std::max(backwards, static_cast<uint64_t>(-reach.low) * element);
            return true;
        });
        most = std::max(most, bytes);
    }
    return most + backwards;
}

// Buffers that begin where a kernel takes them are views of the device's memory for the whole run.
bool DeviceRun::attach() {
    attached_ = true;
    for (uint64_t s = 0; s < view_.header().steps.count; ++s) {
        if (plan_.is_skipped(s)) continue;
        const bool attached = for_buffers(view_.steps()[s], [&](halide_buffer_t& buffer) {
            if (!buffer.host || !is_taken(buffer)) return true;
            const uint64_t offset = Reach(buffer).empty() ? 0 : offset_of(buffer.host);
            const DeviceMemory& memory = memory_of(buffer);
            buffer.host = nullptr;
            return memory.attach(offset, buffer);
        });
        if (!attached) return false;
    }
    return true;
}

int DeviceRun::run(const Kernel* kernels, Profile* profile) {
    locate();
    if (const int error = plan_.bind()) return error;
    if (!net_.reserve(end_ + room_to_move())) return failure_code();
    if (!attach() || !copy_in()) return failure_code();
    if (profile && !memory_.wait()) return failure_code();
    if (profile) profile->start();
    for (uint64_t s = 0; s < view_.header().steps.count; ++s) {
        if (plan_.is_skipped(s)) continue;
        if (const int error = profile ? call_timed(s, kernels, *profile) : call(s, kernels)) return error;
    }
    return copy_out() ? ATROUS_OK : failure_code();
}

bool DeviceRun::copy_in() {
    for (uint32_t i = 0; i < view_.header().tensors.count; ++i) {
        const plan::Tensor& tensor = view_.tensors()[i];
        if (tensor.kind != plan::TensorKind::input) continue;
        const uint32_t element = plan::size_of(tensor.element);
        const auto count = static_cast<int32_t>(plan_.bytes_of(i) / element);
        if (!memory_.write(offset_of(plan_.base(i)), inputs_[tensor.index].data, element, count)) return false;
    }
    return true;
}

bool DeviceRun::copy_out() {
    for (uint32_t i = 0; i < view_.header().tensors.count; ++i) {
        const plan::Tensor& tensor = view_.tensors()[i];
        if (tensor.kind != plan::TensorKind::output) continue;
        const uint32_t element = plan::size_of(tensor.element);
        const auto count = static_cast<int32_t>(plan_.bytes_of(i) / element);
        if (!memory_.read(offset_of(plan_.base(i)), outputs_[tensor.index].data, element, count)) return false;
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
        const bool back = error == ATROUS_OK && is_output(step, *m.buffer);
        if (back && !DeviceMemory::copy(memory_, m.to, *m.memory, m.from, m.element, m.count)) error = failure_code();
    }
    return error;
}

// A kernel has only been started when its call returns.
int DeviceRun::call_timed(uint64_t step, const Kernel* kernels, Profile& profile) {
    if (const int error = call(step, kernels)) return error;
    if (!memory_.wait()) return failure_code();
    profile.add(view_.steps()[step].operator_index, profile.lap());
    return ATROUS_OK;
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
        if (count == most_moved) {
            note_failure("a kernel has too many buffers that begin at odd places");
            return false;
        }
        const auto element = static_cast<uint32_t>(buffer.type.bytes());
        const Reach reach(buffer);
        const uint64_t below = static_cast<uint64_t>(-reach.low) * element,
                       origin = align(end + below, net_.device().tensor_grain);
        const Moved m{&buffer,        buffer.host, &memory_of(buffer), offset_of(buffer.host) - below,
                      origin - below, element,     reach.count()};
        moved[count++] = m;
        end = origin - below + static_cast<uint64_t>(m.count) * element;
        buffer.host = nullptr;
        return DeviceMemory::copy(*m.memory, m.from, memory_, m.to, m.element, m.count) &&
               memory_.attach(origin, buffer);
    });
}

void close_net(DeviceNet* net) {
    net->~DeviceNet();
    std::free(net);
}

int open_net(const Level& level, const Parts& parts, bool asked, DeviceNet** net) {
    forget_failure();
    if (plan::PlanView(level.plan).header().loops.count > 0) return ATROUS_BAD_PLAN;
    if (const int error = level.device->check(level.device_version, asked)) return error;
    void* memory = std::malloc(sizeof(DeviceNet));
    if (!memory) return ATROUS_NO_MEMORY;
    auto* made = new (memory) DeviceNet(*level.device, level.plan);
    const int error = made->load(parts.weights);
    if (error) {
        close_net(made);
        return error;
    }
    *net = made;
    return ATROUS_OK;
}

int run_net(DeviceNet* net, ResolvedPlan& plan, const atrous_tensor* inputs, const atrous_tensor* outputs,
            const Kernel* kernels, Profile* profile) {
    forget_failure();
    const Lock lock(net->mutex());
    return DeviceRun(*net, plan, inputs, outputs).run(kernels, profile);
}

const char* explain(const char* text) {
    thread_local char explained[600];
    if (!failure()[0]) return text;
    std::snprintf(explained, sizeof explained, "%s: %s", text, failure());
    return explained;
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

int check_opencl(uint64_t, bool asked) {
    choose_opencl_device();
    DeviceMemory memory;
    if (!memory.allocate(atrous_device_opencl, 1)) return ATROUS_DEVICE_ABSENT;
    auto* handle = reinterpret_cast<void*>(halide_opencl_get_cl_mem(nullptr, &memory.buffer()));
    const char* missing = missing_of(handle);
    if (!missing && !asked && is_cpu(handle)) missing = "OpenCL has the CPU only";
    if (!missing) return ATROUS_OK;
    note_failure(missing);
    return ATROUS_DEVICE_ABSENT;
}

template <class... Arguments>
bool call_cuda(const char* name, Arguments... arguments) {
    const auto function = reinterpret_cast<int (*)(Arguments...)>(halide_cuda_get_symbol(nullptr, name));
    return function && function(arguments...) == 0;
}

const char* cuda_name() {
    thread_local char name[256];
    void* context = nullptr;
    if (halide_cuda_acquire_context(nullptr, &context, true) != 0) return nullptr;
    bool is_known = false;
    if (call_cuda("cuCtxPushCurrent_v2", context)) {
        int device = 0;
        is_known = call_cuda("cuCtxGetDevice", &device) &&
                   call_cuda("cuDeviceGetName", name, static_cast<int>(sizeof name), device);
        call_cuda("cuCtxPopCurrent_v2", &context);
    }
    halide_cuda_release_context(nullptr);
    return is_known ? name : nullptr;
}

const char* opencl_name() {
    DeviceMemory memory;
    if (!memory.allocate(atrous_device_opencl, 1)) return nullptr;
    return name_of(reinterpret_cast<void*>(halide_opencl_get_cl_mem(nullptr, &memory.buffer())));
}

}  // namespace

// CUDA takes any address; its memory begins at multiples of 256. OpenCL devices ask for different multiples, of which
// no known one is larger than 512.
extern "C" const Device atrous_device_cuda = {
    ATROUS_DEVICE_CUDA,           256,       1, open_net, run_net, close_net, explain, cuda_name,
    halide_cuda_device_interface, check_cuda};
extern "C" const Device atrous_device_opencl = {
    ATROUS_DEVICE_OPENCL,           512,         512, open_net, run_net, close_net, explain, opencl_name,
    halide_opencl_device_interface, check_opencl};

}  // namespace atrous::network
