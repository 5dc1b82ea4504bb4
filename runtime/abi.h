/* The interface of every compiled network, with neutral names: what NAME.h declares as NAME_open, NAME_run … is this,
 * and `struct atrous_network` is the table by which programs that load a library at run time reach it. Plain C.
 *
 * Layout: tensors are dense and row-major, the last dimension fastest; images are N,C,H,W. Sizes are in elements unless
 * a name says bytes. Nothing here prints, aborts or throws. */
#ifndef ATROUS_ABI_H
#define ATROUS_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ATROUS_ABI_VERSION 1
#define ATROUS_MAX_RANK 6

/* Element types, the numbers of atrous::plan::ElementType. */
enum {
    ATROUS_F32 = 0,
    ATROUS_I64 = 1,
    ATROUS_I32 = 2,
    ATROUS_U8 = 3,
    ATROUS_BOOL = 4,
    ATROUS_I8 = 5,
    ATROUS_F64 = 6,
    ATROUS_F16 = 7
};

/* Results. Codes of ATROUS_CONSTRAINT and below are requirements of this network on its inputs' sizes;
 * message() gives each its text. */
enum {
    ATROUS_OK = 0,
    ATROUS_NO_MEMORY = -1,    /* malloc failed */
    ATROUS_BAD_ARGUMENT = -2, /* a null pointer, a negative size, options of an unknown length */
    ATROUS_BAD_SHAPE = -3,    /* a tensor's rank or a declared dimension differs, or a dimension is below 1 */
    ATROUS_BAD_TYPE = -4,     /* a tensor's element type differs */
    ATROUS_NO_TARGET = -5,    /* this CPU has none of the instruction sets in the library, or `target` is not in it */
    ATROUS_TOO_LARGE =
        -6, /* a tensor would have more than 2^31 - 1 elements, or all together exceed the address space */
    ATROUS_KERNEL_FAILED = -7,  /* a kernel reported an error */
    ATROUS_NO_DEVICE = -8,      /* the library holds no code for the device asked for */
    ATROUS_BAD_WORKSPACE = -9,  /* not aligned to 64 bytes */
    ATROUS_BAD_PLAN = -10,      /* the library contradicts itself: a mistake of its compiler */
    ATROUS_DEVICE_ABSENT = -11, /* no driver, no such device, or no permission to use it */
    ATROUS_DEVICE_MEMORY = -12, /* the device has not enough memory */
    ATROUS_DEVICE_FAILED = -13, /* the device or its driver reported an error */
    ATROUS_CONSTRAINT = -1000
};

typedef struct atrous_tensor {
    void* data;
    int32_t type;
    int32_t rank;
    int64_t shape[ATROUS_MAX_RANK]; /* shape[0] outermost */
} atrous_tensor;

enum { ATROUS_DEVICE_AUTO = 0, ATROUS_DEVICE_CPU = 1, ATROUS_DEVICE_CUDA = 2, ATROUS_DEVICE_OPENCL = 3 };

typedef struct atrous_options {
    size_t bytes;       /* sizeof(atrous_options) */
    int32_t device;     /* ATROUS_DEVICE_…; AUTO: a GPU where library and machine have one, otherwise the CPU */
    int32_t threads;    /* for preparing weights; 0: as many as there are CPUs */
    const char* target; /* one of the targets in info(), or NULL: the best that this machine has */
} atrous_options;

typedef struct atrous_net atrous_net;

typedef struct atrous_network {
    uint32_t abi_version; /* ATROUS_ABI_VERSION */
    uint32_t bytes;       /* sizeof(atrous_network) */
    int (*open)(const atrous_options* options, atrous_net** net);
    int (*output_shape)(const atrous_net* net, const atrous_tensor* inputs, atrous_tensor* outputs);
    int (*workspace_size)(const atrous_net* net, const atrous_tensor* inputs, size_t* bytes);
    int (*run)(const atrous_net* net, const atrous_tensor* inputs, const atrous_tensor* outputs, void* workspace,
               int threads);
    void (*close)(atrous_net* net);
    const char* (*message)(int code);
    const char* (*info)(void);
    const char* (*target)(const atrous_net* net); /* the instruction set chosen when the net was opened */

    /* From here on only where `bytes` says so: earlier libraries end before. */

    /* How many operators the net consists of, in the order in which they are computed. Another target's net may have
     * another order. */
    size_t (*operator_count)(const atrous_net* net);
    /* The ONNX node, or the nodes that became one operator; NULL from operator_count() on. Valid until close(). */
    const char* (*operator_name)(const atrous_net* net, size_t index);
    /* Like run(), and adds to seconds[i], for each i below `operators`, the wall time that operator i took. Whatever
     * the number of threads, these add up to the time of the run but for its preparation and, on a GPU, for the copies
     * of inputs and outputs; there every operator is waited for, which makes the run slower. An error leaves what was
     * added until then. */
    int (*run_timed)(const atrous_net* net, const atrous_tensor* inputs, const atrous_tensor* outputs, void* workspace,
                     int threads, double* seconds, size_t operators);
    /* What the driver calls the GPU on which the net runs; NULL on the CPU, and where the driver does not say. Valid
     * until this thread asks again. */
    const char* (*device_name)(const atrous_net* net);
} atrous_network;

/* The one symbol with a fixed name in every NAME.so: `atrous_network_v1`, of type const atrous_network. */
#define ATROUS_NETWORK_SYMBOL "atrous_network_v1"

#ifdef __cplusplus
}
#endif

#endif
