#include "ops/elementwise_docs.h"

namespace nacre {

std::string unary_doc(std::string_view name) {
  return std::string(name) + " of each element of `x`.";
}

std::string binary_doc(std::string_view name) {
  return std::string(name) + " of `x1` and `x2`, element by element, with broadcasting.";
}

}  // namespace nacre
