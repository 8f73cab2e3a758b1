// Which instruction sets this machine runs. Compiled with baseline flags: it runs before any
// choice.
#include "nacre/base/cpu.h"

#include <atomic>
#include <cstdlib>
#include <string>

#include "nacre/base/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace nacre {
namespace {

constexpr std::string_view kNames[kNumIsas] = {"portable", "v2", "avx2", "avx512", "avx512_bf16"};

constexpr bool kCompiled[kNumIsas] = {
    true,
#ifdef NACRE_HAVE_ISA_V2
    true,
#else
    false,
#endif
#ifdef NACRE_HAVE_ISA_AVX2
    true,
#else
    false,
#endif
#ifdef NACRE_HAVE_ISA_AVX512
    true,
#else
    false,
#endif
#ifdef NACRE_HAVE_ISA_AVX512_BF16
    true,
#else
    false,
#endif
};

#if defined(__x86_64__)
constexpr uint32_t bits(std::initializer_list<int> positions) {
  uint32_t mask = 0;
  for (int p : positions) mask |= 1u << p;
  return mask;
}

// Bit positions: Intel SDM volume 2, CPUID. An AVX register file is usable only when the operating
// system saves it (XCR0).
Isa detect() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return Isa::kPortable;
  const uint32_t leaf1 = c;
  uint32_t ext = 0;
  if (__get_cpuid(0x80000001, &a, &b, &c, &d)) ext = c;
  const auto all = [](uint32_t value, uint32_t mask) { return (value & mask) == mask; };
  // SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF.
  if (!all(leaf1, bits({0, 9, 13, 19, 20, 23})) || !all(ext, bits({0}))) return Isa::kPortable;

  uint32_t leaf7_b = 0, leaf7_c = 0, leaf71_a = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    leaf7_b = b;
    leaf7_c = c;
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) leaf71_a = a;
  }
  uint32_t xcr0 = 0;
  if (all(leaf1, bits({27}))) {
    uint32_t high = 0;
    __asm__ volatile("xgetbv" : "=a"(xcr0), "=d"(high) : "c"(0));
  }
  // FMA, MOVBE, OSXSAVE, AVX, F16C; BMI1, AVX2, BMI2; LZCNT; XMM and YMM state saved.
  if (!all(leaf1, bits({12, 22, 27, 28, 29})) || !all(leaf7_b, bits({3, 5, 8})) ||
      !all(ext, bits({5})) || !all(xcr0, bits({1, 2}))) {
    return Isa::kX86V2;
  }
  // AVX512 F, DQ, CD, BW, VL; opmask and ZMM state saved.
  if (!all(leaf7_b, bits({16, 17, 28, 30, 31})) || !all(xcr0, bits({5, 6, 7}))) return Isa::kAvx2;
  // AVX512-VNNI, AVX512-BF16.
  if (!all(leaf7_c, bits({11})) || !all(leaf71_a, bits({5}))) return Isa::kAvx512;
  return Isa::kAvx512Bf16;
}
#else
Isa detect() {
  return Isa::kPortable;
}
#endif

constexpr int kUndecided = -1;
std::atomic<int> g_active{kUndecided};

Isa best_at_most(Isa cap) {
  int isa = static_cast<int>(cap);
  const int detected = static_cast<int>(detected_isa());
  if (isa > detected) isa = detected;
  while (isa > 0 && !kCompiled[isa]) --isa;
  return static_cast<Isa>(isa);
}

Isa decide() {
  const char* cap = std::getenv("NACRE_ISA");
  if (cap == nullptr || *cap == '\0') return best_at_most(Isa::kAvx512Bf16);
  for (int i = 0; i < kNumIsas; ++i) {
    if (kNames[i] == cap) return best_at_most(static_cast<Isa>(i));
  }
  value_error(
      "environment variable NACRE_ISA: expected one of 'portable', 'v2', 'avx2', "
      "'avx512', 'avx512_bf16', received '",
      cap, "'");
}

}  // namespace

std::string_view name_of(Isa isa) {
  return kNames[static_cast<int>(isa)];
}

Isa parse_isa(std::string_view name) {
  for (int i = 0; i < kNumIsas; ++i) {
    if (kNames[i] == name) return static_cast<Isa>(i);
  }
  value_error("isa: expected one of 'portable', 'v2', 'avx2', 'avx512', 'avx512_bf16', received '",
              name, "'.", did_you_mean(std::string(name), kNames));
}

Isa detected_isa() {
  static const Isa isa = detect();
  return isa;
}

Isa active_isa() {
  int isa = g_active.load(std::memory_order_relaxed);
  if (isa == kUndecided) {
    // Two threads may both decide; they decide the same, and a set_active_isa between wins.
    int expected = kUndecided;
    const int decided = static_cast<int>(decide());
    isa = g_active.compare_exchange_strong(expected, decided) ? decided : expected;
  }
  return static_cast<Isa>(isa);
}

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (int i = 0; i <= static_cast<int>(detected_isa()); ++i) {
    if (kCompiled[i]) isas.push_back(static_cast<Isa>(i));
  }
  return isas;
}

void set_active_isa(Isa isa) {
  if (isa > detected_isa() || !kCompiled[static_cast<int>(isa)]) {
    value_error("isa: '", name_of(isa), "' is not available on this machine, whose best is '",
                name_of(best_at_most(Isa::kAvx512Bf16)), "'");
  }
  g_active.store(static_cast<int>(isa), std::memory_order_relaxed);
}

}  // namespace nacre
