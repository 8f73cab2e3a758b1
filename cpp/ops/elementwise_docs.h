// One line of documentation for each elementwise op.
#pragma once

#include <string>
#include <string_view>

namespace nacre {

std::string unary_doc(std::string_view name);
std::string binary_doc(std::string_view name);

}  // namespace nacre
