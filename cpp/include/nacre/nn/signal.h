// Windows of signal processing, as initializers and layers configure them.
#pragma once

#include "nacre/base/json.h"
#include "nacre/tensor/tensor.h"

namespace nacre {

// ValueError unless it is null (no window), "hann", "hamming", "blackman", "bartlett", "boxcar" or
// a list of numbers.
void check_window(const Json& window, std::string_view what);
// The window's `length` values; undefined for null. periodic: as for `length` + 1 points, without
// the last.
Tensor window_values(const Json& window, int64_t length, bool periodic, DType dtype,
                     std::string_view what);

}  // namespace nacre
