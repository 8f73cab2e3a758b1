// Builds one KernelTable per instruction set that was compiled in. Baseline flags: only the fill
// functions' addresses of other instruction sets are used here, their code runs when chosen.
#include <cstring>

#include "kernels/abi.h"
#include "nacre/base/cpu.h"

namespace nacre::kernels {

namespace portable {
void fill_table(KernelTable& table);
}
namespace v2 {
void fill_table(KernelTable& table);
}
namespace avx2 {
void fill_table(KernelTable& table);
}
namespace avx512 {
void fill_table(KernelTable& table);
}
namespace avx512_bf16 {
void fill_table(KernelTable& table);
}

namespace {

struct Tables {
  KernelTable of[kNumIsas] = {};

  // fill_table runs on the CPU it was compiled for only: it is built with that CPU's instructions.
  void build(Isa isa, void (*fill)(KernelTable&)) {
    if (isa > detected_isa()) return;
    KernelTable& table = of[static_cast<int>(isa)];
    fill(table);
    // A KernelTable is function pointers only, so missing entries can be taken over slot by slot.
    static_assert(sizeof(KernelTable) % sizeof(UnaryFn) == 0);
    for (size_t at = 0; at < sizeof(KernelTable); at += sizeof(UnaryFn)) {
      char* slot = reinterpret_cast<char*>(&table) + at;
      UnaryFn entry;
      std::memcpy(&entry, slot, sizeof entry);
      if (entry == nullptr) {
        std::memcpy(slot, reinterpret_cast<const char*>(&of[0]) + at, sizeof entry);
      }
    }
  }

  Tables() {
    build(Isa::kPortable, portable::fill_table);
#ifdef NACRE_HAVE_ISA_V2
    build(Isa::kX86V2, v2::fill_table);
#endif
#ifdef NACRE_HAVE_ISA_AVX2
    build(Isa::kAvx2, avx2::fill_table);
#endif
#ifdef NACRE_HAVE_ISA_AVX512
    build(Isa::kAvx512, avx512::fill_table);
#endif
#ifdef NACRE_HAVE_ISA_AVX512_BF16
    build(Isa::kAvx512Bf16, avx512_bf16::fill_table);
#endif
  }
};

}  // namespace

const KernelTable& table(Isa isa) {
  static const Tables tables;
  return tables.of[static_cast<int>(isa)];
}

const KernelTable& table() {
  return table(active_isa());
}

}  // namespace nacre::kernels
