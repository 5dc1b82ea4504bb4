// Writes the object file that kernels for GPUs need beside the executor: gpu_runtime OBJECT.
#include <exception>
#include <iostream>

#include "schedules/registry.h"

int main(int count, char** words) {
    if (count != 2) return 2;
    try {
        atrous::compile_gpu_runtime(words[1]);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
