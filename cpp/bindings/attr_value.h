// Python values as attributes of ops, and back.
#pragma once

#include <pybind11/pybind11.h>

#include "nacre/ops/attrs.h"

namespace nacre::bindings {

// Nested sequences of ints are flattened: ((1, 2), (3, 4)) is the list 1, 2, 3, 4. None within a
// sequence is kUnknownDim. TypeError for what no attribute can hold.
AttrValue to_attr_value(PyObject* value);
pybind11::object from_attr_value(const AttrValue& value);

}  // namespace nacre::bindings
