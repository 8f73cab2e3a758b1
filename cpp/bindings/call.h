// Calls of ops from inside the bindings.
#pragma once

#include <Python.h>

#include <span>

#include "nacre/ops/opdef.h"

namespace nacre::bindings {

// nacre.ops.<name>(*args, **names) with the arguments laid out as for a vectorcall; a new
// reference.
PyObject* call_op(const char* name, PyObject* const* args, size_t num_positional, PyObject* names);

// Where an op was applied to a placeholder of a model: a variable among the arguments (or in a list
// that is one) is read anew whenever the model runs. `result` is what the op gave.
void note_variables(const Tensor& result, std::span<const Tensor> operands,
                    std::span<PyObject* const> arguments);

// Runs an op on operands; lets other Python threads run meanwhile when the work is long.
Tensors apply_op(const OpDef& op, std::span<const Tensor> operands, Ref<Attrs> attrs = nullptr);

}  // namespace nacre::bindings
