#include "kernels/cpu/isa.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

void fill_table(KernelTable& table) {
  (void)table;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
