/* Around a kernel compiled for another processor, in a program of its own, which an emulator runs: takes arguments on
 * stdin, calls the kernel, and answers on stdout, until there are no more. tests/schedules/emulator.cpp writes them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "HalideRuntime.h"

int kernel_argv(void** arguments);

/* As in kernel_runner.cpp: one thread, in reverse. */
int halide_do_par_for(void* user_context, halide_task_t task, int min, int size, uint8_t* closure) {
    for (int i = min + size - 1; i >= min; i--) {
        int error = task(user_context, i, closure);
        if (error) return error;
    }
    return 0;
}

static void take(void* to, size_t bytes) {
    if (fread(to, 1, bytes, stdin) != bytes) exit(1);
}

enum { most_arguments = 32, most_dimensions = 8 };

struct buffer {
    halide_buffer_t view;
    halide_dimension_t dimensions[most_dimensions];
    int64_t bytes, offset; /* of the memory that the view lies in; of the view in it */
    uint8_t* memory;
};

static void take_buffer(struct buffer* b) {
    b->view = (halide_buffer_t){0};
    take(&b->view.type, sizeof b->view.type);
    take(&b->view.dimensions, sizeof b->view.dimensions);
    if (b->view.dimensions > most_dimensions) exit(1);
    take(b->dimensions, sizeof b->dimensions[0] * (size_t)b->view.dimensions);
    take(&b->bytes, sizeof b->bytes);
    take(&b->offset, sizeof b->offset);
    b->memory = aligned_alloc(64, (size_t)(b->bytes + 63) / 64 * 64);
    take(b->memory, (size_t)b->bytes);
    b->view.dim = b->dimensions;
    b->view.host = b->memory + b->offset;
}

int main(void) {
    static struct buffer buffers[most_arguments];
    static int32_t scalars[most_arguments];
    int32_t count;
    while (fread(&count, sizeof count, 1, stdin) == 1) {
        void *context = NULL, *arguments[most_arguments + 1] = {&context};
        int32_t is_buffer[most_arguments], error;
        if (count > most_arguments) return 1;
        for (int i = 0; i < count; i++) {
            take(&is_buffer[i], sizeof is_buffer[i]);
            if (is_buffer[i]) {
                take_buffer(&buffers[i]);
                arguments[i + 1] = &buffers[i].view;
            } else {
                take(&scalars[i], sizeof scalars[i]);
                arguments[i + 1] = &scalars[i];
            }
        }
        error = kernel_argv(arguments);
        fwrite(&error, sizeof error, 1, stdout);
        fwrite(buffers[count - 1].memory, 1, (size_t)buffers[count - 1].bytes, stdout); /* the output */
        fflush(stdout);
        for (int i = 0; i < count; i++)
            if (is_buffer[i]) free(buffers[i].memory);
    }
    return 0;
}
