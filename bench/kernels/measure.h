// Timing for the kernel benchmarks: best of many on a noisy machine, and the machine's own limit.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "nacre/base/cpu.h"
#include "nacre/graph/profiler.h"

namespace nacre::bench {

struct Free {
  void operator()(float* p) const { std::free(p); }
};
using Buffer = std::unique_ptr<float, Free>;

inline Buffer buffer(int64_t n) {
  const size_t bytes = (static_cast<size_t>(n) * sizeof(float) + 63) / 64 * 64 + 64;
  Buffer p(static_cast<float*>(std::aligned_alloc(64, bytes)));
  for (int64_t i = 0; i < n; ++i) p.get()[i] = static_cast<float>(i % 7 - 3) * 0.25f;
  return p;
}

// The shortest of repeated runs during about `budget` seconds.
template <class Work>
double best_seconds(Work&& work, double budget = 0.15) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  const auto start = Clock::now();
  work();
  const double once = std::max(seconds(Clock::now() - start), 1e-8);
  const int inner = static_cast<int>(std::clamp(20e-6 / once, 1.0, 1000.0));
  double best = 1e9;
  for (int round = 0; round < 5 || seconds(Clock::now() - start) < budget; ++round) {
    const auto begin = Clock::now();
    for (int i = 0; i < inner; ++i) work();
    best = std::min(best, seconds(Clock::now() - begin) / inner);
  }
  return best;
}

// The same where each run needs `prepare` before it, which is not counted.
template <class Prepare, class Work>
double best_seconds_after(Prepare&& prepare, Work&& work, double budget = 0.15) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  const auto start = Clock::now();
  double best = 1e9;
  for (int round = 0; round < 5 || seconds(Clock::now() - start) < budget; ++round) {
    prepare();
    const auto begin = Clock::now();
    work();
    best = std::min(best, seconds(Clock::now() - begin));
  }
  return best;
}

// float32 FMA (multiply and add without FMA) on one core at the width of `isa`.
inline double peak_gflops(Isa isa) {
  return fma_peak(isa, 0.3) * 1e-9;
}

}  // namespace nacre::bench
