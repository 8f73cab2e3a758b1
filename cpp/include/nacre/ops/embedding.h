// Rows of a table by ids.
#pragma once

#include <string>

#include "nacre/tensor/tensor.h"

namespace nacre::ops {

// table[ids] along axis 0. ValueError, naming `owner`, for an id outside [0, rows).
Tensor embedding(const Tensor& table, const Tensor& ids, const std::string& owner = "embedding");

}  // namespace nacre::ops
