#include "nacre/base/parallel.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>
#include <string_view>

#include "base/parallel_runtime.h"
#include "nacre/base/error.h"

namespace nacre {
namespace parallel {
namespace {

constexpr int kMaxThreads = 1024;

thread_local bool t_inside = false;

// Set in the child of a fork: the threads of the parent do not exist there, and locks of their
// runtimes may be held for ever.
std::atomic<bool> g_forked{false};
std::atomic<int> g_threads{0};  // 0: not decided yet

using RunFn = void (*)(const Task& task, int threads);

RunFn runtime_from_environment() {
  const char* name = std::getenv("NACRE_THREADING");
  if (name == nullptr || *name == 0 || std::string_view(name) == "pool") return run_on_pool;
#ifdef NACRE_HAVE_OPENMP
  if (std::string_view(name) == "openmp") return run_on_openmp;
  value_error("NACRE_THREADING: expected 'pool' or 'openmp', received '", name, "'");
#else
  value_error("NACRE_THREADING: expected 'pool' (this build has no OpenMP), received '", name, "'");
#endif
}

// The count in an environment variable ("4", or OpenMP's list "4,2"); 0 when unset or unusable.
int threads_from_environment(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return 0;
  const long count = std::strtol(text, nullptr, 10);
  return count < 1 ? 0 : static_cast<int>(std::min<long>(count, kMaxThreads));
}

int decide_threads() {
  int threads = threads_from_environment("NACRE_NUM_THREADS");
  if (threads == 0) threads = threads_from_environment("OMP_NUM_THREADS");
  if (threads == 0) threads = std::min(usable_cpus(), kMaxThreads);
  return threads;
}

void run_in_parallel(const Task& task, int threads) {
  static const RunFn run = runtime_from_environment();
  static std::once_flag watch_fork;
  std::call_once(watch_fork, [] {
    pthread_atfork(nullptr, nullptr, [] { g_forked.store(true, std::memory_order_relaxed); });
  });
  run(task, threads);
}

}  // namespace

bool inside_region() {
  return t_inside;
}

Region::Region() {
  t_inside = true;
}

Region::~Region() {
  t_inside = false;
}

void run_serially(const Task& task) {
  for (int64_t chunk = 0; chunk < task.chunks; ++chunk) run_chunk(task, chunk);
}

}  // namespace parallel

int64_t chunk_size(int64_t n, int64_t grain) {
  grain = std::max<int64_t>(grain, 1);
  if (n <= grain) return grain;
  const int64_t grains = (n - 1) / grain + 1;
  return grain * ((grains - 1) / kMaxChunks + 1);
}

int64_t num_chunks(int64_t n, int64_t grain) {
  return n <= 0 ? 0 : (n - 1) / chunk_size(n, grain) + 1;
}

void parallel_for(int64_t n, int64_t grain, void (*body)(void* context, int64_t begin, int64_t end),
                  void* context) {
  if (n <= 0) return;
  if (n <= grain) {
    body(context, 0, n);
    return;
  }
  const int64_t size = chunk_size(n, grain);
  const parallel::Task task{body, context, n, size, (n - 1) / size + 1};
  if (parallel::t_inside || parallel::g_forked.load(std::memory_order_relaxed)) {
    parallel::run_serially(task);
    return;
  }
  const int threads = num_threads();
  if (threads == 1 || task.chunks == 1) {
    parallel::run_serially(task);
  } else {
    parallel::run_in_parallel(task, threads);
  }
}

int num_threads() {
  int threads = parallel::g_threads.load(std::memory_order_relaxed);
  if (threads == 0) {
    const int decided = parallel::decide_threads();
    // A set_num_threads() of another thread in between wins.
    threads = 0;
    if (parallel::g_threads.compare_exchange_strong(threads, decided)) threads = decided;
  }
  return threads;
}

void set_num_threads(int n) {
  if (n < 1) value_error("set_num_threads: expected at least 1 thread, received ", n);
  n = std::min(n, parallel::kMaxThreads);
  parallel::g_threads.store(n, std::memory_order_relaxed);
  if (!parallel::g_forked.load(std::memory_order_relaxed)) parallel::resize_pool();
}

namespace {

constexpr size_t kScratchAlignment = 64;

struct Scratch {
  void* data = nullptr;
  size_t bytes = 0;
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::free(data); }
};

}  // namespace

void* thread_scratch(size_t bytes, int slot) {
  thread_local std::array<Scratch, 5> t_scratch;
  if (slot < 0 || slot >= static_cast<int>(t_scratch.size())) {
    runtime_error("thread_scratch: expected a slot of 0..4, received ", slot);
  }
  Scratch& scratch = t_scratch[static_cast<size_t>(slot)];
  if (bytes <= scratch.bytes && scratch.data != nullptr) return scratch.data;
  // Grown by half at least, so that slowly rising requests do not allocate each time.
  size_t wanted = std::max({bytes, scratch.bytes + scratch.bytes / 2, size_t{4096}});
  if (wanted > SIZE_MAX - kScratchAlignment) {
    raise(ErrorKind::kMemory, "thread_scratch: cannot allocate ", bytes, " bytes");
  }
  wanted = (wanted + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
  std::free(scratch.data);
  scratch.bytes = 0;
  scratch.data = std::aligned_alloc(kScratchAlignment, wanted);
  if (scratch.data == nullptr) {
    raise(ErrorKind::kMemory, "thread_scratch: cannot allocate ", bytes, " bytes");
  }
  scratch.bytes = wanted;
  return scratch.data;
}

}  // namespace nacre
