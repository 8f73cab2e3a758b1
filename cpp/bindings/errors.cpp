// Errors, warnings, Ctrl-C and source locations: where the library and Python's own ways meet.
#include "bindings/errors.h"

#include <frameobject.h>
#include <pthread.h>

#include <new>
#include <string>

#include "bindings/bindings.h"
#include "nacre/base/error.h"
#include "nacre/base/interrupt.h"
#include "nacre/graph/graph.h"
#include "nacre/graph/plan.h"

namespace nacre::bindings {
namespace {

PyObject* exception_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kValue:
      return PyExc_ValueError;
    case ErrorKind::kType:
      return PyExc_TypeError;
    case ErrorKind::kIndex:
      return PyExc_IndexError;
    case ErrorKind::kKey:
      return PyExc_KeyError;
    case ErrorKind::kAttribute:
      return PyExc_AttributeError;
    case ErrorKind::kNotImplemented:
      return PyExc_NotImplementedError;
    case ErrorKind::kMemory:
      return PyExc_MemoryError;
    case ErrorKind::kFile:
      return PyExc_OSError;
    case ErrorKind::kInterrupted:
      return PyExc_KeyboardInterrupt;
    default:
      return PyExc_RuntimeError;
  }
}

// What the signal handler raised, until the library has unwound to the bindings.
thread_local PyObject* t_signal_error = nullptr;

unsigned long g_main_thread = 0;

bool interrupt_hook() {
  if (PyThread_get_thread_ident() != g_main_thread) return false;
  const py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() == 0) return false;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  Py_XDECREF(t_signal_error);
  t_signal_error = value;
  return true;
}

void warning_hook(const std::string& message) {
  const py::gil_scoped_acquire gil;
  // The warnings machinery may turn it into an error: it is raised from where the library was
  // called.
  if (PyErr_WarnEx(PyExc_RuntimeWarning, message.c_str(), 2) < 0) throw py::error_already_set();
}

// Directory of the nacre package with a trailing separator.
std::string* g_package_dir = nullptr;

std::string location_hook() {
  if (!g_package_dir) return {};
  const py::gil_scoped_acquire gil;
  std::string where;
  PyFrameObject* frame = PyThreadState_GetFrame(PyThreadState_Get());
  while (frame) {
    PyCodeObject* code = PyFrame_GetCode(frame);
    const char* file = PyUnicode_AsUTF8(code->co_filename);
    const bool ours = !file || std::string_view(file).starts_with(*g_package_dir);
    if (!ours) where = std::string(file) + ":" + std::to_string(PyFrame_GetLineNumber(frame));
    Py_DECREF(code);
    PyFrameObject* back = where.empty() ? PyFrame_GetBack(frame) : nullptr;
    Py_DECREF(frame);
    frame = back;
  }
  PyErr_Clear();
  return where;
}

}  // namespace

void set_python_error() noexcept {
  try {
    throw;
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInterrupted && t_signal_error) {
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(t_signal_error)), t_signal_error);
      Py_CLEAR(t_signal_error);
    } else {
      PyErr_SetString(exception_of(error.kind()), error.what());
    }
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "unknown C++ exception");
  }
}

void bind_errors(py::module_& m) {
  py::register_exception_translator([](std::exception_ptr pointer) {
    if (!pointer) return;
    try {
      std::rethrow_exception(pointer);
    } catch (const Error&) {
      set_python_error();
    }
  });
  g_main_thread =
      py::cast<unsigned long>(py::module_::import("threading").attr("main_thread")().attr("ident"));
  pthread_atfork(nullptr, nullptr, [] { g_main_thread = PyThread_get_thread_ident(); });
  set_interrupt_hook(interrupt_hook);
  set_warning_hook(warning_hook);
  set_location_hook(location_hook);
  m.def(
      "set_package_dir", [](std::string dir) { g_package_dir = new std::string(std::move(dir)); },
      "Frames of files under this directory are skipped when a message names the caller's line.");
}

}  // namespace nacre::bindings
