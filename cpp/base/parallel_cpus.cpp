// How many CPUs this process may use.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/parallel_runtime.h"

#ifdef __linux__
#include <sched.h>
#endif

namespace nacre::parallel {
namespace {

constexpr double kNoQuota = INFINITY;

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// CPUs granted by "quota period" in microseconds; "max" or a negative quota is none.
double quota_of(const std::string& quota, const std::string& period) {
  long long q = -1;
  long long p = -1;
  std::from_chars(quota.data(), quota.data() + quota.size(), q);
  std::from_chars(period.data(), period.data() + period.size(), p);
  return q > 0 && p > 0 ? static_cast<double>(q) / static_cast<double>(p) : kNoQuota;
}

double quota_v2(const std::string& folder) {
  std::istringstream line(first_line(folder + "/cpu.max"));
  std::string quota;
  std::string period;
  line >> quota >> period;
  return quota_of(quota, period);
}

double quota_v1(const std::string& folder) {
  return quota_of(first_line(folder + "/cpu.cfs_quota_us"),
                  first_line(folder + "/cpu.cfs_period_us"));
}

// The tightest quota of a group and the groups above it. Inside a container the group's path may
// not exist below the mount point; then only the mount point itself is read.
double quota_up_to(const std::string& mount, std::string group,
                   double (*quota)(const std::string&)) {
  double least = quota(mount);
  while (group.size() > 1) {
    least = std::min(least, quota(mount + group));
    group.resize(group.rfind('/'));
  }
  return least;
}

bool lists(const std::string& controllers, const std::string& name) {
  return ("," + controllers + ",").find("," + name + ",") != std::string::npos;
}

}  // namespace

int cgroup_cpus(const std::string& root) {
  const std::string mount = root + "/sys/fs/cgroup";
  std::ifstream groups(root + "/proc/self/cgroup");
  double least = kNoQuota;
  // Lines are "id:controllers:/group"; version 2 has no controllers.
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string group = line.substr(second + 1);
    if (group.empty() || group[0] != '/') continue;
    if (controllers.empty()) {
      least = std::min(least, quota_up_to(mount, group, quota_v2));
    } else if (lists(controllers, "cpu")) {
      for (const char* folder : {"/cpu", "/cpu,cpuacct"}) {
        least = std::min(least, quota_up_to(mount + folder, group, quota_v1));
      }
    }
  }
  if (least == kNoQuota) return 0;
  // Rounded down: a thread more than the quota has the whole process throttled.
  return static_cast<int>(std::clamp(std::floor(least), 1.0, 1e6));
}

int usable_cpus(const std::string& root) {
  int cpus = 0;
#ifdef __linux__
  // The kernel refuses a mask smaller than its own.
  for (size_t bytes = sizeof(cpu_set_t); cpus == 0 && bytes <= 65536; bytes *= 2) {
    std::vector<unsigned long> mask(bytes / sizeof(unsigned long));
    auto* set = reinterpret_cast<cpu_set_t*>(mask.data());
    if (sched_getaffinity(0, bytes, set) == 0) cpus = CPU_COUNT_S(bytes, set);
  }
#endif
  if (cpus == 0) cpus = static_cast<int>(std::thread::hardware_concurrency());
  const int quota = cgroup_cpus(root);
  if (quota != 0) cpus = std::min(cpus, quota);
  return std::max(cpus, 1);
}

}  // namespace nacre::parallel
