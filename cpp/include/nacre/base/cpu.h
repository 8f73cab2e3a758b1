// Instruction sets of the machine, and which one the kernels use.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace nacre {

// Ordered: a machine that has one has those before it (portable is always there).
enum class Isa : uint8_t { kPortable, kX86V2, kAvx2, kAvx512, kAvx512Bf16 };
inline constexpr int kNumIsas = 5;

std::string_view name_of(Isa isa);     // "portable", "v2", "avx2", "avx512", "avx512_bf16"
Isa parse_isa(std::string_view name);  // ValueError for an unknown name
Isa detected_isa();                    // the best this CPU and operating system run
Isa active_isa();                      // detected_isa() capped by NACRE_ISA, decided once
std::vector<Isa> available_isas();     // compiled in and runnable here
// Runs the rest of the process with this instruction set (tests); ValueError if not available.
void set_active_isa(Isa isa);

}  // namespace nacre
