// generators/functions.h in double precision, and where the elements of resized and padded axes come from.
#pragma once

#include <cstdint>

#include "generators/functions.h"

namespace atrous::reference {

double apply_function(ElementwiseFunction function, double x, double y, double z, double alpha, double beta);
// Where position `i` of a padded axis comes from; -1 for the constant.
int64_t padded_coordinate(PadMode mode, int64_t i, int64_t extent);
// Where output coordinate i of a resized axis lies in the input, in single precision as everyone computes it: at ties
// of `nearest` the rounding decides which pixel is taken.
float source_coordinate(ResizeCoordinates coordinates, int64_t i, int64_t length_in, int64_t length_out, float scale);
int64_t nearest_coordinate(NearestRounding rounding, float at);

int64_t floor_mod(int64_t a, int64_t b);

}  // namespace atrous::reference
