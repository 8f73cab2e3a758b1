#include "nacre/base/parallel.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/parallel_runtime.h"
#include "nacre/base/error.h"

using namespace nacre;
namespace fs = std::filesystem;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif
#else
constexpr bool kAddressSanitizer = false;
#endif

// Restores the number of threads at the end of a test.
struct Threads {
  int before = num_threads();
  explicit Threads(int n) { set_num_threads(n); }
  ~Threads() { set_num_threads(before); }
};

int os_threads() {
  return static_cast<int>(std::distance(fs::directory_iterator("/proc/self/task"), {}));
}

// A sum whose bits depend on how it is cut.
double chunked_sum(int64_t n, int64_t grain) {
  std::vector<double> partial(static_cast<size_t>(num_chunks(n, grain)));
  const int64_t size = chunk_size(n, grain);
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    double sum = 0;
    for (int64_t i = begin; i < end; ++i) sum += 1.0 / static_cast<double>(i + 1);
    partial[static_cast<size_t>(begin / size)] = sum;
  });
  return std::accumulate(partial.begin(), partial.end(), 0.0);
}

}  // namespace

TEST_CASE("parallel_for visits every item once") {
  for (const int threads : {1, 2, 5}) {
    const Threads set(threads);
    for (const int64_t n : {0, 1, 2, 7, 64, 1000, 4099}) {
      for (const int64_t grain : {0, 1, 3, 64, 5000}) {
        std::vector<std::atomic<int>> visits(static_cast<size_t>(n));
        std::atomic<int> chunks{0};
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          ++chunks;
          for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
        });
        for (const auto& count : visits) CHECK(count == 1);
        CHECK(chunks == num_chunks(n, grain));
      }
    }
  }
}

TEST_CASE("chunks are multiples of the grain, at most kMaxChunks") {
  for (const int64_t n : {1, 255, 256, 257, 1000, 100000, 12345678}) {
    for (const int64_t grain : {1, 7, 16, 1000}) {
      const int64_t size = chunk_size(n, grain);
      CHECK(size % grain == 0);
      CHECK(num_chunks(n, grain) >= 1);
      CHECK(num_chunks(n, grain) <= kMaxChunks);
      if (size > grain) CHECK((n - 1) / (size - grain) + 1 > kMaxChunks);
    }
  }
  CHECK(num_chunks(0, 1) == 0);
  CHECK(num_chunks(INT64_MAX, 1) == kMaxChunks);
}

TEST_CASE("the bits do not depend on the number of threads") {
  const Threads set(1);
  const double expected = chunked_sum(100003, 64);
  for (const int threads : {2, 3, 8}) {
    set_num_threads(threads);
    for (int i = 0; i < 20; ++i) CHECK(chunked_sum(100003, 64) == expected);
  }
}

// How many threads there are in a call of three chunks that wait for each other.
size_t threads_taking_part() {
  std::mutex mutex;
  std::set<std::thread::id> seen;
  // Each chunk waits a while for company.
  parallel_for(3, 1, [&](int64_t, int64_t) {
    for (int i = 0; i < 100000; ++i) {
      {
        const std::lock_guard lock(mutex);
        seen.insert(std::this_thread::get_id());
        if (seen.size() == 3) return;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  return seen.size();
}

TEST_CASE("several threads take part") {
  const Threads set(3);
  CHECK(threads_taking_part() == 3);
}

TEST_CASE("threads that leave do not take the others' work with them") {
  for (int repeat = 0; repeat < 3000; ++repeat) {
    {
      const Threads many(8);
      parallel_for(8, 1, [](int64_t, int64_t) {});
    }
    // Some go to sleep meanwhile, others still look for work.
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < std::chrono::microseconds(repeat % 50)) {
    }
    const Threads few(3);
    REQUIRE(threads_taking_part() == 3);
  }
}

TEST_CASE("an exception reaches the caller after the other chunks") {
  for (const int threads : {1, 4}) {
    const Threads set(threads);
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::atomic<int> finished{0};
      const auto call = [&] {
        parallel_for(40, 1, [&](int64_t begin, int64_t) {
          if (begin == 39) throw std::out_of_range("the last");
          ++finished;
        });
      };
      CHECK_THROWS_WITH_AS(call(), "the last", std::out_of_range);
      CHECK(finished == 39);
    }
    CHECK(chunked_sum(1000, 1) > 7);  // still works
  }
}

TEST_CASE("nested calls run serially in the same thread") {
  const Threads set(4);
  std::atomic<int64_t> total{0};
  std::atomic<bool> moved{false};
  parallel_for(16, 1, [&](int64_t, int64_t) {
    const auto outer = std::this_thread::get_id();
    parallel_for(100, 1, [&](int64_t begin, int64_t end) {
      if (std::this_thread::get_id() != outer) moved = true;
      total += end - begin;
    });
  });
  CHECK(total == 1600);
  CHECK(!moved);
}

TEST_CASE("many callers share one bounded pool") {
  const int threads = 3;
  const Threads set(threads);
  chunked_sum(1000, 10);
  const double expected = chunked_sum(5000, 16);
  const int before = os_threads();
  std::atomic<int> wrong{0};
  std::atomic<int> most{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 80; ++c) {  // more than the pool has job slots
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        if (chunked_sum(5000, 16) != expected) ++wrong;
      }
      int seen = os_threads();
      for (int now = most; seen > now && !most.compare_exchange_weak(now, seen);) {
      }
    });
  }
  for (auto& caller : callers) caller.join();
  CHECK(wrong == 0);
  CHECK(most <= before + 80 + threads);
}

TEST_CASE("the number of threads changes while others call") {
  const Threads set(2);
  const double expected = chunked_sum(5000, 16);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::thread caller([&] {
    while (!stop) wrong += chunked_sum(5000, 16) != expected;
  });
  for (int i = 0; i < 300; ++i) {
    set_num_threads(1 + i % 6);
    if (chunked_sum(5000, 16) != expected) ++wrong;
  }
  stop = true;
  caller.join();
  CHECK(wrong == 0);
  set_num_threads(1);
  for (int i = 0; i < 1000 && os_threads() > 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  // OpenMP keeps its team; the pool lets surplus workers end.
  const char* runtime = std::getenv("NACRE_THREADING");
  if (runtime == nullptr || std::string(runtime) == "pool") CHECK(os_threads() == 1);
  CHECK_THROWS_WITH_AS(set_num_threads(0),
                       "set_num_threads: expected at least 1 thread, received 0", Error);
}

TEST_CASE("a child after fork works, serially, and so does its parent") {
  const Threads set(3);
  const double expected = chunked_sum(5000, 16);
  std::atomic<bool> stop{false};
  std::thread busy([&] {  // so that the fork meets the pool at work
    // AddressSanitizer's allocator does not unlock its locks in a child: there the fork meets it
    // idle.
    while (!kAddressSanitizer && !stop) chunked_sum(5000, 16);
  });
  int failures = 0;
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      bool right = chunked_sum(5000, 16) == expected;
      set_num_threads(2);
      right = right && chunked_sum(5000, 16) == expected && os_threads() == 1;
      _exit(right ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ++failures;
    CHECK(chunked_sum(5000, 16) == expected);
  }
  stop = true;
  busy.join();
  CHECK(failures == 0);
}

TEST_CASE("the cgroup quota limits the CPUs") {
  const fs::path root = fs::temp_directory_path() / ("nacre-cgroup-" + std::to_string(getpid()));
  const auto write = [&](const std::string& path, const std::string& text) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  };
  CHECK(parallel::cgroup_cpus(root) == 0);

  SUBCASE("version 2: the tightest of the group and those above") {
    write("proc/self/cgroup", "0::/user/job\n");
    write("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
    CHECK(parallel::cgroup_cpus(root) == 0);
    write("sys/fs/cgroup/user/cpu.max", "350000 100000\n");
    CHECK(parallel::cgroup_cpus(root) == 3);
    write("sys/fs/cgroup/user/job/cpu.max", "50000 100000\n");
    CHECK(parallel::cgroup_cpus(root) == 1);
    CHECK(parallel::usable_cpus(root) == 1);
  }
  SUBCASE("version 2 in a container") {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/cpu.max", "200000 100000\n");
    CHECK(parallel::cgroup_cpus(root) == 2);
  }
  SUBCASE("version 1") {
    write("proc/self/cgroup", "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n");
    write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    CHECK(parallel::cgroup_cpus(root) == 0);
    write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "400000\n");
    CHECK(parallel::cgroup_cpus(root) == 4);
  }
  SUBCASE("nonsense is no quota") {
    write("proc/self/cgroup", "nonsense\n0::relative\n::\n0::/a\n");
    write("sys/fs/cgroup/a/cpu.max", "-5 0\n");
    CHECK(parallel::cgroup_cpus(root) == 0);
  }
  fs::remove_all(root);
}

TEST_CASE("thread_scratch") {
  void* first = thread_scratch(100, 0);
  void* second = thread_scratch(100, 1);
  CHECK(first != second);
  CHECK(reinterpret_cast<uintptr_t>(first) % 64 == 0);
  std::memset(first, 1, 100);
  CHECK(thread_scratch(50, 0) == first);
  void* big = thread_scratch(1 << 20, 0);
  std::memset(big, 1, 1 << 20);
  CHECK(thread_scratch(1 << 19, 0) == big);
  CHECK_THROWS_AS(thread_scratch(SIZE_MAX - 8, 2), Error);
  CHECK_THROWS_AS(thread_scratch(8, 5), Error);
  CHECK_THROWS_AS(thread_scratch(8, -1), Error);
  CHECK(thread_scratch(0, 2) != nullptr);
}
