// The interface between parallel_for and the runtimes that own threads (parallel_pool.cpp,
// parallel_openmp.cpp).
#pragma once

#include <cstdint>
#include <string>

namespace nacre::parallel {

// One parallel_for: `chunks` chunks of `size` items, the last cut at n.
struct Task {
  void (*body)(void* context, int64_t begin, int64_t end);
  void* context;
  int64_t n;
  int64_t size;
  int64_t chunks;
};

inline void run_chunk(const Task& task, int64_t chunk) {
  const int64_t begin = chunk * task.size;
  const int64_t end = begin + task.size;
  task.body(task.context, begin, end < task.n ? end : task.n);
}
void run_serially(const Task& task);

// Whether this thread is inside a chunk (then parallel_for runs serially). Runtimes mark the
// threads that run chunks with a Region.
bool inside_region();
class Region {
 public:
  Region();
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
};

// Runs the task on the caller and up to threads - 1 others; returns when all chunks are done and
// rethrows the first exception.
void run_on_pool(const Task& task, int threads);
void run_on_openmp(const Task& task, int threads);  // only with NACRE_HAVE_OPENMP

// Makes the pool follow a change of num_threads().
void resize_pool();

// The CPUs this process may use: its affinity mask, cut by the cgroup (v1 or v2) CPU quota of each
// group it is in. `root` stands for "/" (tests bring their own tree).
int usable_cpus(const std::string& root = "");
// Whole CPUs that the cgroup quota under `root` grants (at least 1), or 0 where there is no quota.
int cgroup_cpus(const std::string& root);

}  // namespace nacre::parallel
