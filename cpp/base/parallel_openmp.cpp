// OpenMP as the runtime, for processes that want one OpenMP team for everything
// (NACRE_THREADING=openmp).
#ifdef NACRE_HAVE_OPENMP

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "base/parallel_runtime.h"

namespace nacre::parallel {

void run_on_openmp(const Task& task, int threads) {
  // OpenMP keeps a team for each calling thread: only one caller at a time has one, so that many
  // calling threads do not multiply OS threads.
  static std::mutex team;
  const std::unique_lock lock(team, std::try_to_lock);
  if (!lock.owns_lock() || omp_in_parallel()) {
    run_serially(task);
    return;
  }
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error;
  threads = static_cast<int>(std::min<int64_t>(threads, task.chunks));
#pragma omp parallel num_threads(threads)
  {
    const Region region;
    for (int64_t chunk = next.fetch_add(1); chunk < task.chunks; chunk = next.fetch_add(1)) {
      try {
        run_chunk(task, chunk);
      } catch (...) {
        if (!failed.exchange(true)) error = std::current_exception();
      }
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace nacre::parallel

#endif
