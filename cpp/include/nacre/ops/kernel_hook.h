// A hook around the kernels that ops run eagerly, for profiling.
#pragma once

#include "nacre/ops/opdef.h"

namespace nacre {

// Runs op.kernel(context) itself. Null: kernels run directly. Any thread may call it.
using KernelHook = void (*)(const OpDef& op, const KernelContext& context);
void set_kernel_hook(KernelHook hook);

}  // namespace nacre
