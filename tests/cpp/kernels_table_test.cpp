// Choosing an instruction set, and that every table is complete.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "kernels/abi.h"
#include "nacre/base/cpu.h"
#include "nacre/base/error.h"

namespace nacre {
namespace {

TEST_CASE("cpu: names of instruction sets") {
  for (int i = 0; i < kNumIsas; ++i)
    CHECK(parse_isa(name_of(static_cast<Isa>(i))) == static_cast<Isa>(i));
  std::string message;
  try {
    parse_isa("avx5");
  } catch (const Error& error) {
    message = error.what();
    CHECK(error.kind() == ErrorKind::kValue);
  }
  CHECK(message.find("'portable', 'v2', 'avx2', 'avx512', 'avx512_bf16'") != std::string::npos);
  CHECK(message.find("received 'avx5'") != std::string::npos);
}

TEST_CASE("kernels: the active table follows the active instruction set") {
  const Isa before = active_isa();
  CHECK(available_isas().front() == Isa::kPortable);
  for (Isa isa : available_isas()) {
    set_active_isa(isa);
    CHECK(active_isa() == isa);
    CHECK(&kernels::table() == &kernels::table(isa));
  }
  if (detected_isa() < Isa::kAvx512Bf16) CHECK_THROWS_AS(set_active_isa(Isa::kAvx512Bf16), Error);
  set_active_isa(before);
}

TEST_CASE("kernels: no slot before the convolutions is null but bfloat16's product") {
  for (Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    const char* bytes = reinterpret_cast<const char*>(&kernels::table(isa));
    for (size_t at = 0; at < offsetof(kernels::KernelTable, conv_forward);
         at += sizeof(kernels::UnaryFn)) {
      if (at == offsetof(kernels::KernelTable, gemm_bf16)) continue;
      kernels::UnaryFn entry;
      std::memcpy(&entry, bytes + at, sizeof entry);
      CAPTURE(at / sizeof entry);
      CHECK((entry != nullptr));
    }
  }
}

}  // namespace
}  // namespace nacre
