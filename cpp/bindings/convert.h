// NumPy arrays to tensors and back.
#pragma once

#include <pybind11/numpy.h>

#include "nacre/tensor/tensor.h"

namespace nacre::bindings {

// A tensor with a copy of the array's values; of any strides, byte order and alignment. TypeError
// for element types that tensors do not have. With `share` an aligned, C-contiguous array lends its
// memory: the caller promises not to change it.
Tensor from_array(const pybind11::array& array, bool share = false);

// Memory of a Python object as storage: the object lives as long as the storage.
Ref<Storage> foreign_storage(void* data, size_t bytes, pybind11::object owner);

}  // namespace nacre::bindings
