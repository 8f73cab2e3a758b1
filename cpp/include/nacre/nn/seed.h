// Seeds: the process-wide source of default seeds, and the state that random layers advance.
#pragma once

#include <cstdint>
#include <optional>

#include "nacre/graph/variable.h"

namespace nacre {

// The next 64 bits of the sequence that `state` stands in: SplitMix64 (Steele, Lea and Flood 2014).
uint64_t split_mix(uint64_t& state);

// Makes every seed drawn from now on follow from this one (keras.utils.set_random_seed).
void set_random_seed(uint64_t seed);
// The next default seed: from set_random_seed's sequence, else from the system's entropy.
uint64_t next_default_seed();

// Where the sequence of default seeds stands (none before its first use), to go on from there.
std::optional<uint64_t> default_seed_state();
void set_default_seed_state(std::optional<uint64_t> state);

// A uint32 pair (seed, counter) held in a variable; each draw of a key advances the counter with
// ops, so that a recorded step draws new numbers at each replay.
class SeedGenerator final : public RefCounted {
 public:
  explicit SeedGenerator(std::optional<int64_t> seed = {}, std::string name = "seed_generator");
  Tensor next();
  const VariableRef& state() const { return state_; }
  int64_t seed() const { return seed_; }

 private:
  int64_t seed_;
  VariableRef state_;
};

// The generator behind random ops called without a seed.
SeedGenerator& global_seed_generator();

}  // namespace nacre
