// What the parts of GEMM share.
#pragma once

#include "kernels/cpu/micro_kernel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

void gemm_f32(const GemmArgs& args);
PackedLayout gemm_packing(const GemmArgs& args);
void gemm_pack(const GemmArgs& args, float* packed);
// The same for m == 1 or n == 1: matrix times vector, bound by memory.
void gemv_f32(const GemmArgs& args);

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
