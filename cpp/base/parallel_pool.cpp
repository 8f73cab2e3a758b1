// A pool of our own. One set of workers serves every calling thread of the process.
//
// A call takes one of kMaxJobs job slots, publishes its chunks there, works on them itself and
// waits for those that workers have claimed. Slots are never freed, and claiming is one atomic
// increment of a word that is exhausted between jobs: a worker that arrives late finds nothing, or
// helps the slot's next job, and nobody waits for workers that merely woke up.
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/parallel_runtime.h"
#include "nacre/base/parallel.h"

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace nacre::parallel {
namespace {

constexpr int kMaxJobs = 64;   // bits of the masks below; callers beyond them run serially
constexpr int kMaxSpans = 32;  // threads beyond them share spans
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
constexpr std::chrono::nanoseconds kLongSpin{32000};    // an idle worker that is called often
constexpr std::chrono::nanoseconds kShortSpin{2000};    // an idle worker otherwise
constexpr std::chrono::nanoseconds kFinishSpin{10000};  // a caller whose chunks workers finish

void pause_cpu() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Sleeps while `word` holds `expected`; may return early.
void sleep_on(std::atomic<uint32_t>& word, uint32_t expected) {
#ifdef __linux__
  static_assert(sizeof(word) == sizeof(uint32_t));
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
#else
  word.wait(expected);
#endif
}

void wake(std::atomic<uint32_t>& word, int count) {
#ifdef __linux__
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
#else
  count == 1 ? word.notify_one() : word.notify_all();
#endif
}

// Polls `ready` until `limit`; the clock is read every few pauses because it costs more than they
// do.
template <class Ready>
bool spin_until(Time limit, Ready&& ready) {
  do {
    for (int i = 0; i < 8; ++i) {
      if (ready()) return true;
      pause_cpu();
    }
  } while (Clock::now() < limit);
  return ready();
}

// A contiguous part of a job's chunks: those in [next, end) are unclaimed. Each thread starts with
// a span of its own, so that in consecutive calls it meets the same rows in its cache, and goes on
// to the others' when its own is empty.
struct alignas(64) Span {
  std::atomic<uint64_t> word{0};  // end << 32 | next; next runs past end when claimed in vain

  void publish(uint64_t begin, uint64_t end) {
    word.store(end << 32 | begin, std::memory_order_release);
  }
  static bool holds(uint64_t value) { return static_cast<uint32_t>(value) < (value >> 32); }
  bool has_work() const { return holds(word.load(std::memory_order_relaxed)); }
  // The claimed chunk, or -1.
  int64_t claim() {
    if (!has_work()) return -1;
    const uint64_t value = word.fetch_add(1, std::memory_order_acq_rel);
    return holds(value) ? static_cast<int64_t>(static_cast<uint32_t>(value)) : -1;
  }
};

struct alignas(64) Job {
  // Stable from publication until `remaining` is 0: read only with a claimed chunk in hand.
  Task task{};
  std::exception_ptr error;

  std::atomic<int> num_spans{0};
  std::atomic<bool> failed{false};
  alignas(64) std::atomic<uint32_t> remaining{0};  // chunks not finished
  std::atomic<bool> caller_sleeps{false};
  Span spans[kMaxSpans];

  bool has_work() const {
    const int count = num_spans.load(std::memory_order_relaxed);
    return std::any_of(spans, spans + count, [](const Span& span) { return span.has_work(); });
  }

  // Runs chunks, those of span `first` to begin with, until none is unclaimed. Returns how many;
  // they are not yet subtracted from `remaining`.
  uint32_t work(int first) {
    uint32_t finished = 0;
    const int count = num_spans.load(std::memory_order_relaxed);
    if (count == 0) return 0;
    for (int i = 0; i < count; ++i) {
      Span& span = spans[(first + i) % count];
      for (int64_t chunk = span.claim(); chunk >= 0; chunk = span.claim()) {
        try {
          run_chunk(task, chunk);
        } catch (...) {
          if (!failed.exchange(true)) error = std::current_exception();
        }
        ++finished;
      }
    }
    return finished;
  }
};

class Pool {
 public:
  void run(const Task& task, int threads) {
    const int wanted = static_cast<int>(std::min<int64_t>(task.chunks, threads)) - 1;
    if (workers_.load(std::memory_order_relaxed) < wanted && can_grow_.load()) add_workers(wanted);
    const int slot = take_slot();
    if (slot < 0) {
      run_serially(task);
      return;
    }
    Job& job = jobs_[slot];
    publish(job, task, threads);
    const uint64_t bit = uint64_t{1} << slot;
    active_.fetch_or(bit);
    wake_workers(wanted);
    uint32_t finished;
    {
      Region region;
      finished = job.work(0);
    }
    active_.fetch_and(~bit, std::memory_order_relaxed);
    if (job.remaining.fetch_sub(finished, std::memory_order_acq_rel) != finished) wait_for(job);
    const std::exception_ptr error = std::exchange(job.error, nullptr);
    owned_.fetch_and(~bit, std::memory_order_release);
    if (error) std::rethrow_exception(error);
  }

  // Follows num_threads(): surplus workers end; missing ones are created when there is work.
  void resize() {
    {
      const std::lock_guard lock(mutex_);
      limit_.store(num_threads() - 1, std::memory_order_relaxed);
      can_grow_ = true;
    }
    signal_.fetch_add(1);
    wake(signal_, kAll);
  }

 private:
  static constexpr int kAll = 1 << 20;
  // idle_ counts sleeping workers in its low half and spinning ones in its high half.
  static constexpr uint32_t kSleeping = 1;
  static constexpr uint32_t kSpinning = 1 << 16;

  int take_slot() {
    uint64_t owned = owned_.load(std::memory_order_relaxed);
    while (owned != ~uint64_t{0}) {
      const int slot = std::countr_one(owned);
      if (owned_.compare_exchange_weak(owned, owned | uint64_t{1} << slot,
                                       std::memory_order_acquire)) {
        return slot;
      }
    }
    return -1;
  }

  static void publish(Job& job, const Task& task, int threads) {
    const int spans =
        static_cast<int>(std::min<int64_t>({task.chunks, threads, int64_t{kMaxSpans}}));
    job.task = task;
    job.failed.store(false, std::memory_order_relaxed);
    job.num_spans.store(spans, std::memory_order_relaxed);
    job.remaining.store(static_cast<uint32_t>(task.chunks), std::memory_order_relaxed);
    for (int i = 0; i < spans; ++i) {
      job.spans[i].publish(static_cast<uint64_t>(task.chunks * i / spans),
                           static_cast<uint64_t>(task.chunks * (i + 1) / spans));
    }
  }

  static void wait_for(Job& job) {
    const auto done = [&] { return job.remaining.load(std::memory_order_acquire) == 0; };
    if (spin_until(Clock::now() + kFinishSpin, done)) return;
    job.caller_sleeps.store(true);
    for (uint32_t left = job.remaining.load(); left != 0; left = job.remaining.load()) {
      sleep_on(job.remaining, left);
    }
    job.caller_sleeps.store(false, std::memory_order_relaxed);
  }

  static void finish(Job& job, uint32_t chunks) {
    if (job.remaining.fetch_sub(chunks) == chunks && job.caller_sleeps.load()) {
      wake(job.remaining, 1);
    }
  }

  bool has_work() const {
    for (uint64_t mask = active_.load(); mask != 0; mask &= mask - 1) {
      if (jobs_[std::countr_zero(mask)].has_work()) return true;
    }
    return false;
  }

  // Helps every pending job, starting at a slot of this worker's own so that workers spread.
  bool help(int index) {
    bool helped = false;
    const uint64_t active = active_.load(std::memory_order_acquire);
    for (uint64_t mask = std::rotr(active, index); mask != 0; mask &= mask - 1) {
      Job& job = jobs_[(std::countr_zero(mask) + index) % kMaxJobs];
      const uint32_t finished = job.work(index + 1);
      if (finished == 0) continue;
      finish(job, finished);
      helped = true;
    }
    return helped;
  }

  // Spinning workers come by themselves; the rest of `wanted` is woken.
  void wake_workers(int wanted) {
    const uint32_t idle = idle_.load();
    const int sleeping = static_cast<int>(idle % kSpinning);
    const int count = std::min(wanted - static_cast<int>(idle / kSpinning), sleeping);
    if (count <= 0) return;
    last_call_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    signal_.fetch_add(1);
    wake(signal_, count);
  }

  // Waits for work: spins, then sleeps. Inside a training step the next call is microseconds away
  // and spinning is cheaper than waking; a worker whose waits turn out long hardly spins at all.
  void rest(int index, int& short_waits) {
    const Time start = Clock::now();
    Time end = start;
    idle_.fetch_add(kSpinning);
    if (spin_until(start + (short_waits > 0 ? kLongSpin : kShortSpin),
                   [&] { return has_work(); })) {
      idle_.fetch_sub(kSpinning);
    } else {
      const uint32_t seen = signal_.load();
      idle_.fetch_add(kSleeping - kSpinning);
      // Either this look finds a job published before the count rose, or its caller saw the count.
      if (!has_work() && !is_surplus(index)) sleep_on(signal_, seen);
      idle_.fetch_sub(kSleeping);
      // When it was called, not when the system let it run.
      end = Time(Time::duration(last_call_.load(std::memory_order_relaxed)));
    }
    short_waits = std::clamp(short_waits + (end - start < kLongSpin ? 1 : -1), 0, 4);
  }

  void add_workers(int wanted) {
    const std::lock_guard lock(mutex_);
    const int limit = num_threads() - 1;
    limit_.store(limit, std::memory_order_relaxed);
    wanted = std::min(wanted, limit);
    if (running_.size() < static_cast<size_t>(wanted)) running_.resize(static_cast<size_t>(wanted));
    // Signals are for the application's threads.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      for (int i = 0; i < wanted; ++i) {
        if (running_[static_cast<size_t>(i)]) continue;
        std::thread([this, i] { work_until_surplus(i); }).detach();
        running_[static_cast<size_t>(i)] = true;
      }
    } catch (const std::exception&) {
      can_grow_ = false;  // at a limit of the system: go on with the workers there are
    }
    count_workers();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  bool is_surplus(int index) const { return index >= limit_.load(std::memory_order_relaxed); }

  // With the mutex held.
  void count_workers() {
    const auto first_missing = std::find(running_.begin(), running_.end(), false);
    workers_.store(static_cast<int>(first_missing - running_.begin()), std::memory_order_relaxed);
  }

  // False where the worker is wanted after all.
  bool leave(int index) {
    {
      const std::lock_guard lock(mutex_);
      if (!is_surplus(index)) return false;
      running_[static_cast<size_t>(index)] = false;
      count_workers();
    }
    // A caller may have counted on this worker, which was idle, and left the others asleep.
    if (has_work()) {
      signal_.fetch_add(1);
      wake(signal_, kAll);
    }
    return true;
  }

  void work_until_surplus(int index) {
    const Region region;
#ifdef __linux__
    pthread_setname_np(pthread_self(), "nacre-worker");
    // A woken worker must not displace its caller: where no CPU is free, the caller goes on alone.
    sched_param param{};
    pthread_setschedparam(pthread_self(), SCHED_BATCH, &param);
#endif
    int short_waits = 0;
    while (true) {
      if (is_surplus(index) && leave(index)) return;
      if (!help(index)) rest(index, short_waits);
    }
  }

  Job jobs_[kMaxJobs];
  alignas(64) std::atomic<uint64_t> owned_{0};   // slots taken by a caller
  alignas(64) std::atomic<uint64_t> active_{0};  // slots with a published job
  alignas(64) std::atomic<uint32_t> idle_{0};
  alignas(64) std::atomic<uint32_t> signal_{0};  // what sleeping workers sleep on
  std::atomic<Clock::rep> last_call_{0};         // when sleeping workers were last woken
  std::atomic<int> workers_{0};                  // those before the first that is missing
  std::atomic<int> limit_{0};
  std::atomic<bool> can_grow_{true};  // false once the system refused a thread
  std::mutex mutex_;                  // of running_, and of changes to the three above
  std::vector<bool> running_;
};

std::atomic<Pool*> g_pool{nullptr};

// Never destroyed: workers outlive main().
Pool& pool() {
  static Pool& instance = *new Pool;
  g_pool.store(&instance, std::memory_order_release);
  return instance;
}

}  // namespace

void run_on_pool(const Task& task, int threads) {
  pool().run(task, threads);
}

void resize_pool() {
  Pool* existing = g_pool.load(std::memory_order_acquire);
  if (existing != nullptr) existing->resize();
}

}  // namespace nacre::parallel
