/* Two emitted networks in one C program: each computes on its own, and says so. */
#include <stdio.h>
#include <stdlib.h>

#include "first.h"
#include "second.h"

int main(void) {
    float x[6] = {0.5f, 0.5f, -3, -3, 0, 2}, y[6] = {0}, z[6] = {0};
    first_net* first = NULL;
    second_net* second = NULL;
    first_tensor in = {NULL, first_F32, 2, {2, 3}}, out = {NULL, 0, 0, {0}};
    second_tensor in2 = {NULL, second_F32, 2, {2, 3}}, out2 = {NULL, 0, 0, {0}};
    size_t bytes = 0;
    void* workspace = NULL;
    int error, i;
    in.data = x;
    in2.data = y;
    if ((error = first_open(NULL, &first)) != first_OK) return printf("first: %s\n", first_message(error));
    if ((error = second_open(NULL, &second)) != second_OK) return printf("second: %s\n", second_message(error));
    if (first_output_shape(first, &in, &out) || second_output_shape(second, &in2, &out2)) return 2;
    out.data = y;
    out2.data = z;
    if (first_workspace_size(first, &in, &bytes)) return 3;
    workspace = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (first_run(first, &in, &out, workspace, 1) || second_run(second, &in2, &out2, NULL, 2)) return 4;
    for (i = 0; i < 6; ++i) printf("%g %g\n", y[i], z[i]);
    in.shape[1] = 2000;
    printf("%s\n", first_message(first_run(first, &in, &out, NULL, 1)));
    free(workspace);
    first_close(first);
    second_close(second);
    return 0;
}
