#include "nacre/base/interrupt.h"

#include <atomic>
#include <chrono>

#include "nacre/base/error.h"

namespace nacre {
namespace {

using Clock = std::chrono::steady_clock;
std::atomic<InterruptHook> g_hook{nullptr};
std::atomic<int64_t> g_next_poll{0};
constexpr int64_t kInterval = 50'000'000;  // nanoseconds

}  // namespace

void set_interrupt_hook(InterruptHook hook) {
  g_hook = hook;
}

void poll_interrupt() {
  const InterruptHook hook = g_hook.load(std::memory_order_relaxed);
  if (!hook) return;
  const int64_t now = Clock::now().time_since_epoch().count();
  if (now < g_next_poll.load(std::memory_order_relaxed)) return;
  g_next_poll.store(now + kInterval, std::memory_order_relaxed);
  if (hook()) throw Error(ErrorKind::kInterrupted, "interrupted");
}

}  // namespace nacre
