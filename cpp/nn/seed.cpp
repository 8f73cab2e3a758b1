#include "nacre/nn/seed.h"

#include <mutex>
#include <random>

#include "nacre/nn/configurable.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"

namespace nacre {
namespace {

std::mutex g_mutex;
std::optional<uint64_t> g_state;

}  // namespace

uint64_t split_mix(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t next_default_seed() {
  const std::lock_guard lock(g_mutex);
  if (!g_state) {
    std::random_device device;
    g_state = (static_cast<uint64_t>(device()) << 32) | device();
  }
  return split_mix(*g_state);
}

std::optional<uint64_t> default_seed_state() {
  const std::lock_guard lock(g_mutex);
  return g_state;
}

void set_default_seed_state(std::optional<uint64_t> state) {
  const std::lock_guard lock(g_mutex);
  g_state = state;
}

SeedGenerator::SeedGenerator(std::optional<int64_t> seed, std::string name)
    : seed_(seed ? *seed : static_cast<int64_t>(next_default_seed() >> 33)) {
  const PauseRecording pause;
  const auto bits = static_cast<uint64_t>(seed_);
  const Tensor state =
      Tensor::from<uint32_t>({static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32)}, {2});
  state_ = make_ref<Variable>(state, "seed_generator_state", false);
  state_->path = name + "/seed_generator_state";
}

Tensor SeedGenerator::next() {
  const Tensor key = state_->value();
  static const Tensor increment = Tensor::from<uint32_t>({0, 1}, {2});
  state_->assign(ops::add(key, increment));
  return key;
}

SeedGenerator& global_seed_generator() {
  static SeedGenerator* generator = [] {
    auto* g = new SeedGenerator({}, "global");
    g->retain();
    return g;
  }();
  return *generator;
}

void set_random_seed(uint64_t seed) {
  // What is made once in a process has drawn its seeds: the numbers that follow are the same ones
  // the first time and later.
  ClassRegistry::of("layers");
  SeedGenerator& generator = global_seed_generator();
  {
    const std::lock_guard lock(g_mutex);
    g_state = seed;
  }
  const uint64_t bits = next_default_seed() >> 33;
  generator.state()->assign(Tensor::from<uint32_t>({static_cast<uint32_t>(bits), 0}, {2}));
}

}  // namespace nacre
