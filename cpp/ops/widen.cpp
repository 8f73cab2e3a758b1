#include "ops/widen.h"

#include <array>
#include <utility>

#include "ops/loop.h"

namespace nacre {
namespace {

constexpr size_t kMaxOperands = 16;
constexpr size_t kAlignment = 64;

bool is_half(const Buffer& buffer) {
  return buffer && (buffer.dtype() == DType::kBFloat16 || buffer.dtype() == DType::kFloat16);
}

size_t wide_bytes(const Buffer& buffer) {
  return (static_cast<size_t>(buffer.size()) * sizeof(float) + kAlignment - 1) / kAlignment *
         kAlignment;
}

// Operands as the kernel for float32 sees them.
struct Wide {
  std::array<TensorSpec, kMaxOperands> specs;
  std::array<Buffer, kMaxOperands> buffers;
  size_t bytes = 0;  // of the float32 copies

  explicit Wide(std::span<const Buffer> from, char* space = nullptr) {
    for (size_t i = 0; i < from.size(); ++i) {
      buffers[i] = from[i];
      if (!is_half(from[i])) continue;
      specs[i] = {DType::kFloat32, from[i].shape()};
      buffers[i] = {space ? space + bytes : nullptr, &specs[i]};
      bytes += wide_bytes(from[i]);
    }
  }
};

bool any_half(std::span<const Buffer> in, std::span<const Buffer> out) {
  for (const auto& buffers : {in, out}) {
    for (const Buffer& buffer : buffers) {
      if (is_half(buffer)) return true;
    }
  }
  return false;
}

// Runs a kernel for float32 on operands of 16 bits.
void run_widened(const KernelFn& kernel, const KernelContext& c) {
  char* space = static_cast<char*>(c.workspace);
  const Wide in(c.in, space);
  const Wide out(c.out, space + in.bytes);
  for (size_t i = 0; i < c.in.size(); ++i) {
    if (!is_half(c.in[i])) continue;
    const HalfConversion half = half_conversion(c.in[i].dtype());
    const auto* x = c.in[i].as<const uint16_t>();
    auto* y = in.buffers[i].as<float>();
    parallel_for(c.in[i].size(), kElementwiseGrain,
                 [=](int64_t b, int64_t e) { half.widen(x + b, y + b, e - b); });
  }
  kernel({c.attrs,
          {in.buffers.data(), c.in.size()},
          {out.buffers.data(), c.out.size()},
          space + in.bytes + out.bytes});
  for (size_t i = 0; i < c.out.size(); ++i) {
    if (!is_half(c.out[i])) continue;
    const HalfConversion half = half_conversion(c.out[i].dtype());
    const auto* x = out.buffers[i].as<const float>();
    auto* y = c.out[i].as<uint16_t>();
    parallel_for(c.out[i].size(), kElementwiseGrain,
                 [=](int64_t b, int64_t e) { half.narrow(x + b, y + b, e - b); });
  }
}

}  // namespace

HalfConversion half_conversion(DType dtype) {
  const kernels::KernelTable& t = kernels::table();
  if (dtype == DType::kBFloat16) return {t.float_from_bf16, t.bf16_from_float};
  if (dtype == DType::kFloat16) return {t.float_from_f16, t.f16_from_float};
  return {};
}

void serve_halves(OpDef& def, ServedHalves served) {
  def.kernel = [kernel = std::move(def.kernel), served](const KernelContext& c) {
    any_half(c.in, c.out) && !(served && served(c.attrs, c.in, c.out)) ? run_widened(kernel, c)
                                                                       : kernel(c);
  };
  def.workspace = [inner = std::move(def.workspace), served](
                      const Attrs* attrs, std::span<const Buffer> in,
                      std::span<const Buffer> out) -> size_t {
    const auto own = [&](std::span<const Buffer> x, std::span<const Buffer> y) {
      return inner ? inner(attrs, x, y) : size_t{0};
    };
    if (!any_half(in, out) || (served && served(attrs, in, out))) return own(in, out);
    const Wide wide_in(in);
    const Wide wide_out(out);
    return wide_in.bytes + wide_out.bytes +
           own({wide_in.buffers.data(), in.size()}, {wide_out.buffers.data(), out.size()});
  };
}

}  // namespace nacre
