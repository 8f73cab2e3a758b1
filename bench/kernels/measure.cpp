#include "bench/kernels/measure.h"

namespace nacre::bench {
namespace {

// clang-format off: it finds no stable layout for these macros.
// 12 independent chains: latency 4, two units.
#define NACRE_STEP(v) \
  v += x * y;         \
  asm volatile("" : NACRE_REG(v));
#define NACRE_PEAK(name, isa, bytes)                                                            \
  __attribute__((target(isa), noinline)) void name(float* out, int64_t rounds) {                \
    typedef float V __attribute__((vector_size(bytes)));                                        \
    V x = V{} + out[0], y = V{} + out[1];                                                       \
    V a0 = x, a1 = x, a2 = x, a3 = x, a4 = x, a5 = x, a6 = x, a7 = x, a8 = x, a9 = x;           \
    V aa = x, ab = x;                                                                           \
    for (int64_t i = 0; i < rounds; ++i) {                                                      \
      asm volatile("" : NACRE_REG(x), NACRE_REG(y));                                            \
      NACRE_STEP(a0)                                                                            \
      NACRE_STEP(a1)                                                                            \
      NACRE_STEP(a2)                                                                            \
      NACRE_STEP(a3)                                                                            \
      NACRE_STEP(a4) NACRE_STEP(a5) NACRE_STEP(a6) NACRE_STEP(a7) NACRE_STEP(a8) NACRE_STEP(a9) \
          NACRE_STEP(aa) NACRE_STEP(ab)                                                         \
    }                                                                                           \
    const V sum = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + aa + ab;                    \
    out[2] = sum[0];                                                                            \
  }

#define NACRE_REG(v) "+v"(v)
NACRE_PEAK(fma_512, "avx512f", 64)
#undef NACRE_REG
#define NACRE_REG(v) "+x"(v)
NACRE_PEAK(fma_256, "avx2,fma", 32)
NACRE_PEAK(mul_add_128, "sse2", 16)

// clang-format on

}  // namespace

double peak_gflops(Isa isa) {
  float data[3] = {0.5f, 0.25f, 0};
  const bool wide = isa >= Isa::kAvx512;
  const auto run = wide ? fma_512 : isa == Isa::kAvx2 ? fma_256 : mul_add_128;
  const double lanes = wide ? 16 : isa == Isa::kAvx2 ? 8 : 4;
  constexpr int64_t kRounds = 20000;
  return 2 * lanes * 12 * kRounds / best_seconds([&] { run(data, kRounds); }, 0.3) * 1e-9;
}

}  // namespace nacre::bench
