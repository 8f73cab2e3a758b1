// C++ exceptions as Python ones.
#pragma once

#include <Python.h>

namespace nacre::bindings {

// Sets the Python error that the exception being handled stands for. Call inside a catch (...).
void set_python_error() noexcept;

// Runs f for a slot of the C API: an exception becomes a Python error and `failed` is returned.
template <class Result = PyObject*, class F>
Result guarded(F&& f, Result failed = Result()) noexcept {
  try {
    return f();
  } catch (...) {
    set_python_error();
    return failed;
  }
}

}  // namespace nacre::bindings
