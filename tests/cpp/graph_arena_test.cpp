// Arenas: plans that run in turn share one, and it goes with the plans that need it.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "graph_test.h"
#include "nacre/device/storage.h"
#include "nacre/ops/reductions.h"

namespace {

using namespace nacre;
using namespace nacre::testing;

Plan plan_of(const Tensors& arguments) {
  return Plan(record(arguments, [](auto in) {
    Tensor y = in[0];
    for (int i = 0; i < 3; ++i) y = ops::cumsum(ops::cumsum(y, 0), 1);
    return Tensors{ops::sum(y)};
  }));
}

}  // namespace

TEST_CASE("arenas: plans of several sizes use one") {
  const size_t before = allocated_memory();
  {
    const Tensor small = ramp({64, 64}), large = ramp({512, 512});
    Plan a = plan_of({small}), b = plan_of({large});
    const size_t held = allocated_memory();
    const Tensor first = a.run({&small, 1})[0];
    const Tensor second = b.run({&large, 1})[0];
    for (int i = 0; i < 5; ++i) {
      CHECK(same_bits(a.run({&small, 1})[0], first));
      CHECK(same_bits(b.run({&large, 1})[0], second));
    }
    // One block of the larger size, rounded up to the allocator's class.
    CHECK(allocated_memory() - held <= b.arena_bytes() * 5 / 4 + 4096);
  }
  CHECK(allocated_memory() <= before + 4096);
}

TEST_CASE("arenas: plans that run at once have their own") {
  const Tensor x = ramp({128, 128}), y = ramp({200, 100});
  Plan a = plan_of({x}), b = plan_of({y});
  const Tensor of_a = a.run({&x, 1})[0], of_b = b.run({&y, 1})[0];
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const bool first = (t + i) % 2 == 0;
        const Tensor found = first ? a.run({&x, 1})[0] : b.run({&y, 1})[0];
        if (!same_bits(found, first ? of_a : of_b)) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}
