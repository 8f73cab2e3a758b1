// This machine's limits, measured.
#include <algorithm>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "nacre/device/storage.h"
#include "nacre/graph/profiler.h"

namespace nacre {
namespace {

// The loops are compiled for wider instruction sets than this file: nothing but them may be. Twelve
// independent chains hide the latency of two units; named, since an array would live in memory.
// clang-format off: it finds no stable layout for these macros.
#define NACRE_CHAINS(step) \
  step(0) step(1) step(2) step(3) step(4) step(5) step(6) step(7) step(8) step(9) step(10) step(11)
#define NACRE_DECLARE(k) V a##k = x;
#define NACRE_ADD(k) sum += a##k;
#define NACRE_FMA(k) a##k += x * y; asm volatile("" : NACRE_REGISTER(a##k));
#define NACRE_PEAK(name, attribute, bytes)                                   \
  attribute __attribute__((noinline)) void name(float* out, int64_t rounds) { \
    typedef float V __attribute__((vector_size(bytes)));                     \
    V x = V{} + out[0], y = V{} + out[1], sum = x;                           \
    NACRE_CHAINS(NACRE_DECLARE)                                              \
    for (int64_t i = 0; i < rounds; ++i) {                                   \
      asm volatile("" : NACRE_REGISTER(x), NACRE_REGISTER(y));               \
      NACRE_CHAINS(NACRE_FMA)                                                \
    }                                                                        \
    NACRE_CHAINS(NACRE_ADD)                                                  \
    out[2] = sum[0];                                                         \
  }
#if defined(__x86_64__)
#define NACRE_REGISTER(v) "+v"(v)
NACRE_PEAK(fma_512, __attribute__((target("avx512f"))), 64)
#undef NACRE_REGISTER
#define NACRE_REGISTER(v) "+x"(v)
NACRE_PEAK(fma_256, __attribute__((target("avx2,fma"))), 32)
#else
#define NACRE_REGISTER(v) "+w"(v)
#endif
NACRE_PEAK(fma_128, , 16)
// clang-format on

double seconds_since(int64_t begin) {
  return static_cast<double>(Profiler::now() - begin) * 1e-9;
}

// The best rate of a repeated burst over about `seconds`.
template <class Burst>
double best_rate(double work, double seconds, Burst&& burst) {
  double best = 1e30;
  const int64_t start = Profiler::now();
  do {
    const int64_t begin = Profiler::now();
    burst();
    best = std::min(best, std::max(seconds_since(begin), 1e-9));
  } while (seconds_since(start) < seconds);
  return work / best;
}

// The sum of what threads reach at the same time.
template <class Rate>
double on_threads(int threads, Rate&& rate) {
  std::vector<double> rates(static_cast<size_t>(threads));
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) {
    others.emplace_back([&, t] { rates[static_cast<size_t>(t)] = rate(); });
  }
  rates[0] = rate();
  for (std::thread& other : others) other.join();
  double sum = 0;
  for (const double r : rates) sum += r;
  return sum;
}

}  // namespace

double fma_peak(Isa isa, double seconds) {
  float data[3] = {0.5f, 0.25f, 0};
  constexpr int64_t kRounds = 20000;
  void (*run)(float*, int64_t) = fma_128;
  double lanes = 4;
#if defined(__x86_64__)
  if (isa >= Isa::kAvx512) {
    run = fma_512;
    lanes = 16;
  } else if (isa == Isa::kAvx2) {
    run = fma_256;
    lanes = 8;
  }
#endif
  return best_rate(2 * lanes * 12 * kRounds, seconds, [&] { run(data, kRounds); });
}

Roofline measure_roofline(int threads) {
  constexpr size_t kBytes = size_t{64} << 20;
  Roofline limit;
  limit.flops_per_second = on_threads(threads, [] { return fma_peak(active_isa()); });
  limit.bytes_per_second = on_threads(threads, [&] {
    const auto from = make_ref<Storage>(kBytes);
    const auto to = make_ref<Storage>(kBytes);
    std::memset(from->data(), 1, kBytes);
    std::memset(to->data(), 1, kBytes);
    return best_rate(2.0 * kBytes, 0.1, [&] {
      std::memcpy(to->data(), from->data(), kBytes);
      asm volatile("" ::: "memory");
    });
  });
  return limit;
}

}  // namespace nacre
