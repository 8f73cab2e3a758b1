// What initializers that draw share: the seed.
#pragma once

#include <optional>

#include "nacre/nn/initializer.h"
#include "nacre/nn/seed.h"

namespace nacre {

class RandomInitializer : public Initializer {
 public:
  std::vector<Field> fields() override;
  void validate() override;

 protected:
  // The key of the next draw: the same each time for a seed that is a number, advancing for a
  // SeedGenerator.
  Tensor key();

 private:
  Json seed_;                      // null, an int, a handle to a SeedGenerator or a serialized one
  std::optional<uint64_t> drawn_;  // in place of null
  Ref<SeedGenerator> generator_;
};

void register_random_initializers();
void register_variance_scaling();

}  // namespace nacre
