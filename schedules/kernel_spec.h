#pragma once
#include "generators/kernel_spec.h"
