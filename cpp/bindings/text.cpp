// Hashes of strings: tensors hold none, so that layers which take strings hash them here.
#include <pybind11/stl.h>

#include "bindings/bindings.h"
#include "nacre/base/fingerprint.h"

namespace nacre::bindings {

void bind_text(py::module_& m) {
  // Eight bytes a string, as an array of uint64 lies in memory.
  m.def("hash_strings", [](const std::vector<std::string>& texts,
                           const std::optional<std::pair<int64_t, int64_t>>& salt) {
    std::string bytes(texts.size() * sizeof(uint64_t), '\0');
    auto* out = reinterpret_cast<uint64_t*>(bytes.data());
    for (size_t i = 0; i < texts.size(); ++i) {
      out[i] = salt ? sip_hash(texts[i], static_cast<uint64_t>(salt->first),
                               static_cast<uint64_t>(salt->second))
                    : fingerprint64(texts[i]);
    }
    return py::bytes(bytes);
  });
}

}  // namespace nacre::bindings
