#include "kernels/cpu/isa.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

void fill_table(KernelTable& table) {
  fill_gemm(table);
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
