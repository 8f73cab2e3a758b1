// 16-bit floats computed in float32 and rounded once: the kernels for float32 serve them too.
#pragma once

#include <functional>
#include <span>

#include "kernels/abi.h"
#include "nacre/ops/opdef.h"

namespace nacre {

// The conversions of a 16-bit float; null for other dtypes.
struct HalfConversion {
  void (*widen)(const uint16_t* x, float* y, int64_t n) = nullptr;
  void (*narrow)(const float* x, uint16_t* y, int64_t n) = nullptr;
  explicit operator bool() const { return widen && narrow; }
};
HalfConversion half_conversion(DType dtype);

// Elements of a tile that is widened, computed and rounded while it is in L1.
inline constexpr int64_t kWidenTile = 1024;

// n elements of x in float32; a step of 0 repeats one.
inline const float* widen_tile(const HalfConversion& half, const uint16_t* x, int64_t n, int step,
                               float* tile) {
  half.widen(x, tile, step ? n : 1);
  return tile;
}

// Makes an op's kernel for float32 serve 16-bit floats: operands are widened as a whole, results
// rounded. Call it when the kernel and the workspace are set. What `served` says the kernel takes
// as it is.
using ServedHalves =
    std::function<bool(const Attrs*, std::span<const Buffer> in, std::span<const Buffer> out)>;
void serve_halves(OpDef& def, ServedHalves served = {});

}  // namespace nacre
