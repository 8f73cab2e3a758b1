// Rematerialization: computing again in the backward pass instead of keeping (Chen et al. 2016).
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "nacre/tensor/tensor.h"

namespace nacre {

// f(inputs). Where a gradient is wanted, nothing within f is kept for it: the backward pass runs f
// again with the values that inputs and variables had, random states among them, and leaves all
// variables as they are then. f is held until then.
Tensors remat(const std::function<Tensors(const Tensors&)>& f, const Tensors& inputs);

// Whether f of remat() is running on this thread, and how.
enum class RematPhase : uint8_t { kNone, kForward, kRecompute };
RematPhase remat_phase();

// What of a layer is computed again (keras.RematScope).
struct RematMode {
  enum class Kind : uint8_t { kNone, kFull, kActivations, kLargerThan } kind = Kind::kNone;
  int64_t output_size_threshold = 1024;
};
RematMode::Kind parse_remat_kind(std::string_view name);  // ValueError

}  // namespace nacre
