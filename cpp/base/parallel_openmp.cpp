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
namespace {

// OpenMP keeps a team for each calling thread until that thread ends: only so many may have one, so
// that many calling threads do not multiply OS threads.
constexpr int kMaxTeams = 4;
std::atomic<int> g_teams{0};

struct Team {
  bool taken = false;
  bool take() {
    if (!taken) {
      taken = g_teams.fetch_add(1) < kMaxTeams;
      if (!taken) --g_teams;
    }
    return taken;
  }
  ~Team() {
    if (taken) --g_teams;
  }
};
thread_local Team t_team;

}  // namespace

void run_on_openmp(const Task& task, int threads) {
  // One caller at a time: teams that work beside each other would share the same CPUs.
  static std::mutex busy;
  const std::unique_lock lock(busy, std::try_to_lock);
  if (!lock.owns_lock() || omp_in_parallel() || !t_team.take()) {
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
