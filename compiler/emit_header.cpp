// NAME.h: abi.h under the network's own names, so that a program can include several.
#include <nlohmann/json.hpp>

#include "compiler/emit.h"

namespace atrous {

namespace {

using nlohmann::json;

// @ stands for the network's name, the words in braces for what header_text puts there.
constexpr const char* header_template =
    R"header(/* @: a neural network compiled by Atrous. Link with @.a -lpthread -ldl -lm, or with @.so.
 *
 * Inputs:
{inputs} * Outputs:
{outputs} * Sizes that are names are free: any number from 1 that the network can take. Tensors are dense and row-major, the last
 * dimension fastest; images are N,C,H,W.
 *
 * Nothing here prints, aborts or throws. An opened network does not change: threads may share it, each with a workspace of
 * its own. Functions that return int return @_OK or one of the codes below, which @_message explains.
 *
 * Use:
 *
 *     #include <stdio.h>
 *     #include <stdlib.h>
 *     #include "@.h"
 *
 *     int main(void) {
 *         @_net *net = NULL;
 *         @_tensor inputs[] = {{inputs_code}}, outputs[{output_count}] = {{0}};
 *         size_t bytes = 0;
 *         int i, error = @_open(NULL, &net);
 *         if (!error) error = @_output_shape(net, inputs, outputs);
 *         if (!error) error = @_workspace_size(net, inputs, &bytes);
 *         if (!error) {
 *             void *workspace = aligned_alloc(64, (bytes + 63) / 64 * 64);
 *             for (i = 0; i < {input_count}; ++i) inputs[i].data = calloc(@_bytes(&inputs[i]), 1);
 *             for (i = 0; i < {output_count}; ++i) outputs[i].data = malloc(@_bytes(&outputs[i]));
 *             error = @_run(net, inputs, outputs, workspace, 1);
 *             for (i = 0; i < {input_count}; ++i) free(inputs[i].data);
 *             for (i = 0; i < {output_count}; ++i) free(outputs[i].data);
 *             free(workspace);
 *         }
 *         printf("%s\n", @_message(error));
 *         @_close(net);
 *         return error != @_OK;
 *     }
 */
#ifndef ATROUS_NETWORK_@_H
#define ATROUS_NETWORK_@_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Element types. */
enum {
    @_F32 = 0,
    @_I64 = 1,
    @_I32 = 2,
    @_U8 = 3,
    @_BOOL = 4, /* one byte, 0 or 1 */
    @_I8 = 5,
    @_F64 = 6,
    @_F16 = 7
};

/* Results. Codes of @_CONSTRAINT and below are requirements of this network on its inputs' sizes. */
enum {
    @_OK = 0,
    @_NO_MEMORY = -1,
    @_BAD_ARGUMENT = -2,  /* a null pointer, a negative number, options of an unknown length */
    @_BAD_SHAPE = -3,     /* a tensor's rank or a declared size differs, or a size is below 1 */
    @_BAD_TYPE = -4,      /* a tensor's element type differs */
    @_NO_TARGET = -5,     /* this CPU has none of the instruction sets in the library, or `target` is not in it */
    @_TOO_LARGE = -6,     /* a tensor would have more than 2^31 - 1 elements, or all exceed the address space */
    @_KERNEL_FAILED = -7,
    @_NO_DEVICE = -8,      /* the library holds no code for the device asked for */
    @_BAD_WORKSPACE = -9,  /* not aligned to 64 bytes */
    @_BAD_PLAN = -10,      /* the library contradicts itself: a mistake of its compiler */
    @_DEVICE_ABSENT = -11, /* no driver, no such device, or no permission to use it */
    @_DEVICE_MEMORY = -12, /* the device has not enough memory */
    @_DEVICE_FAILED = -13, /* the device or its driver reported an error */
    @_CONSTRAINT = -1000
};

typedef struct @_tensor {
    void *data;       /* the caller's memory */
    int32_t type;     /* @_F32 ... */
    int32_t rank;     /* 0 to 6 */
    int64_t shape[6]; /* shape[0] outermost */
} @_tensor;

enum { @_DEVICE_AUTO = 0, @_DEVICE_CPU = 1, @_DEVICE_CUDA = 2, @_DEVICE_OPENCL = 3 };

typedef struct @_options {
    size_t bytes;       /* sizeof(@_options) */
    int32_t device;     /* @_DEVICE_AUTO: a GPU where library and machine have one, otherwise the CPU */
    int32_t threads;    /* for preparing weights; 0: as many as there are CPUs */
    const char *target; /* one of the targets in @_info(), or NULL: the best that this machine has */
} @_options;

typedef struct @_net @_net;

/* Prepares the network. `options` may be NULL. *net is NULL where it fails. */
int @_open(const @_options *options, @_net **net);

/* Fills in type, rank and shape of all {output_count} outputs; `data` is left alone. The inputs' data may be NULL. */
int @_output_shape(const @_net *net, const @_tensor *inputs, @_tensor *outputs);

/* The bytes of workspace that a run with these input shapes needs. The inputs' data may be NULL. (On a GPU tensors are
 * in memory there, which the network keeps from one run to the next.) */
int @_workspace_size(const @_net *net, const @_tensor *inputs, size_t *bytes);

/* Computes the outputs, whose type, rank and shape must be what @_output_shape says. `workspace`: aligned to 64 bytes,
 * at least @_workspace_size bytes, whatever they hold; NULL: allocated for this run. `threads`: the caller's among them;
 * 0: as many as there are CPUs. Results do not depend on it. */
int @_run(const @_net *net, const @_tensor *inputs, const @_tensor *outputs, void *workspace, int threads);

/* NULL is allowed. */
void @_close(@_net *net);

/* A text for each code. Never NULL, never freed. Those of @_DEVICE_... have what the driver said to this thread, and are
 * valid until it asks again. */
const char *@_message(int code);

/* JSON: abi, name, version, targets, inputs and outputs (name, type, shape with -1 where free, dimensions: the names of
 * free ones), config, model (sha256). Never freed. */
const char *@_info(void);

/* The instruction set that was chosen when the network was opened: one of the targets in @_info(). */
const char *@_target(const @_net *net);

/* The same functions as a table, which Atrous's C++ runtime takes: atrous::Library::linked(@_network_v1). */
extern const struct atrous_network @_network_v1;

/* Bytes of a tensor's data. */
static inline size_t @_bytes(const @_tensor *tensor) {
    static const unsigned char size_of[] = {4, 8, 4, 1, 1, 1, 8, 2};
    size_t bytes = size_of[tensor->type];
    int32_t i;
    for (i = 0; i < tensor->rank; ++i) bytes *= (size_t)tensor->shape[i];
    return bytes;
}

#ifdef __cplusplus
}
#endif

#endif
)header";

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

// Names come from the model: they may not end the comment or begin a line.
std::string in_comment(std::string name) {
    for (char& c : name) {
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f' || c == '\\') c = '?';
    }
    replace_all(name, "*/", "*?");
    replace_all(name, "/*", "?*");
    replace_all(name, "??", "?");
    return name;
}

std::string tensor_lines(const json& tensors) {
    std::string lines;
    for (size_t i = 0; i < tensors.size(); ++i) {
        const json& tensor = tensors[i];
        lines += " *   " + std::to_string(i) + "  " + in_comment(tensor["name"].get<std::string>()) + "  " +
                 tensor["type"].get<std::string>();
        for (size_t d = 0; d < tensor["shape"].size(); ++d) {
            const int64_t size = tensor["shape"][d].get<int64_t>();
            const std::string name = in_comment(tensor["dimensions"][d].get<std::string>());
            lines += (d ? " x " : "  ") + (size >= 0 ? std::to_string(size) : name.empty() ? "any" : name);
        }
        lines += "\n";
    }
    return lines;
}

// Initialisers of the example's inputs; free sizes get a number that most networks take.
std::string inputs_code(const json& inputs, const std::string& name) {
    const std::string suffixes[][2] = {{"float32", "F32"}, {"int64", "I64"}, {"int32", "I32"},   {"uint8", "U8"},
                                       {"bool", "BOOL"},   {"int8", "I8"},   {"float64", "F64"}, {"float16", "F16"}};
    std::string code;
    for (const json& input : inputs) {
        std::string type;
        for (const auto& suffix : suffixes) {
            if (input["type"] == suffix[0]) type = suffix[1];
        }
        std::string shape;
        for (size_t d = 0; d < input["shape"].size(); ++d) {
            const int64_t size = input["shape"][d].get<int64_t>();
            shape += (d ? ", " : "") + std::to_string(size >= 0 ? size : d >= 2 ? 320 : 1);
        }
        code += (code.empty() ? "{NULL, " : ", {NULL, ") + name + "_" + type + ", " +
                std::to_string(input["shape"].size()) + ", {" + (shape.empty() ? "0" : shape) + "}}";
    }
    return code.empty() ? "{0}" : code;
}

}  // namespace

std::string header_text(const Emission& emission) {
    const json info = json::parse(info_text(emission));
    std::string text = header_template;
    replace_all(text, "@", emission.name);
    replace_all(text, "{inputs_code}", inputs_code(info["inputs"], emission.name));
    replace_all(text, "{input_count}", std::to_string(info["inputs"].size()));
    replace_all(text, "{output_count}", std::to_string(info["outputs"].size()));
    replace_all(text, "{inputs}", tensor_lines(info["inputs"]));
    replace_all(text, "{outputs}", tensor_lines(info["outputs"]));
    return text;
}

}  // namespace atrous
