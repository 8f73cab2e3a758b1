// Timing for the kernel benchmarks: best of many on a noisy machine, and the machine's own limit.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "nacre/base/cpu.h"
#include "nacre/base/parallel.h"
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

inline double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of this thread; not to be trusted to the microsecond on virtual machines.
inline double cpu_seconds() {
#if defined(__linux__)
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
#else
  return wall_seconds();
#endif
}

// The shortest of repeated runs of `work` during about `budget` seconds, each after `prepare`,
// which is not counted. What takes one thread longer than a turn of the scheduler is measured in
// CPU time: other programs do not count.
template <class Prepare, class Work>
double best_seconds_after(Prepare&& prepare, Work&& work, double budget = 0.15, int inner = 1) {
  constexpr double kLong = 2e-3;
  const double start = wall_seconds();
  prepare();
  const double first = cpu_seconds();
  work();
  const bool cpu = num_threads() == 1 && cpu_seconds() - first > kLong;
  const auto now = [&] { return cpu ? cpu_seconds() : wall_seconds(); };
  double best = 1e9;
  for (int round = 0; round < 5 || wall_seconds() - start < budget; ++round) {
    prepare();
    const double begin = now();
    for (int i = 0; i < inner; ++i) work();
    best = std::min(best, (now() - begin) / inner);
  }
  return best;
}

// The same with nothing to prepare; runs of a few microseconds are measured by the dozen.
template <class Work>
double best_seconds(Work&& work, double budget = 0.15) {
  const double start = wall_seconds();
  work();
  const double once = std::max(wall_seconds() - start, 1e-8);
  const int inner = static_cast<int>(std::clamp(20e-6 / once, 1.0, 1000.0));
  return best_seconds_after([] {}, work, budget, inner);
}

// float32 FMA (multiply and add without FMA) on one core at the width of `isa`.
inline double peak_gflops(Isa isa) {
  return fma_peak(isa, 0.3) * 1e-9;
}

}  // namespace nacre::bench
