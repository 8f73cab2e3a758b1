// Profiler: the time each kernel takes, in plans and eagerly, by the layer that ran it. Costs one
// relaxed load a plan run while none is on.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nacre/base/cpu.h"
#include "nacre/graph/graph.h"

namespace nacre {

class Plan;

// One op of one layer, over all its calls.
struct ProfileEntry {
  std::string scope;  // "sequential/dense"; empty outside layers
  std::string op;
  bool backward = false;
  int64_t calls = 0;
  double seconds = 0;
  double flops = 0;
  double bytes = 0;  // operands and results, each counted once
};

struct ProfileEvent {
  int entry;
  int thread;  // 0 for the first that was seen, ...
  int64_t start_ns, duration_ns;
};

class Profiler {
 public:
  // Keeps the last max_events calls for a trace.
  explicit Profiler(size_t max_events = 0) : max_events_(max_events) {}

  // Turns the profiler on for all threads; RuntimeError when another one is on.
  static void start(const std::shared_ptr<Profiler>& profiler);
  void stop();
  // The one that is on, or null.
  static std::shared_ptr<Profiler> active() {
    return on_.load(std::memory_order_relaxed) ? locked_active() : nullptr;
  }

  double seconds() const;  // from start to stop, or to now
  std::vector<ProfileEntry> entries() const;
  std::vector<ProfileEvent> events() const;  // oldest first
  int64_t num_dropped() const;               // events that were not kept

  static int64_t now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  // A finished run of a plan: times[s] is when step s began, times.back() when the last ended.
  void add_run(const Plan& plan, std::span<const int64_t> times);
  void add_call(const OpDef& op, const KernelContext& context, int64_t begin, int64_t end);

 private:
  struct StepCost {
    int entry;
    std::pair<double, double> cost;  // FLOPs, bytes
  };
  static std::shared_ptr<Profiler> locked_active();
  int entry_of(const std::string& scope, const std::string& op, bool backward);
  void add(int entry, const std::pair<double, double>& cost, int thread, int64_t begin,
           int64_t end);
  int thread_index();

  static std::atomic<bool> on_;
  size_t max_events_;
  mutable std::mutex mutex_;
  int64_t start_ = 0, stop_ = 0;
  std::vector<ProfileEntry> entries_;
  std::map<std::string, int> entry_by_key_;
  std::unordered_map<uint64_t, std::vector<StepCost>> plans_;
  std::vector<ProfileEvent> events_;  // a ring once full
  int64_t num_events_ = 0;
  std::unordered_map<uint64_t, int> threads_;
};

// FLOPs and bytes of a node from its op and the specs of its values.
std::pair<double, double> node_cost(const Graph& graph, const GraphNode& node);

// What this machine can do with a number of threads: float32 FMAs in registers, and a copy of
// arrays that no cache holds (bytes read and written). Takes about a third of a second.
struct Roofline {
  double flops_per_second = 0;
  double bytes_per_second = 0;
};
Roofline measure_roofline(int threads);
// FLOP/s of one thread's float32 FMAs (multiply and add without FMA) at the width of an
// instruction set.
double fma_peak(Isa isa, double seconds = 0.1);

}  // namespace nacre
