// Model files: one safetensors file with the model's configuration in its metadata.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nacre/base/json.h"
#include "nacre/graph/variable.h"
#include "nacre/nn/layer.h"
#include "nacre/nn/optimizer.h"

namespace nacre {

// What a file holds. Tensors share the file's mapping.
struct ModelFile {
  Json model;    // the serialized model; null in a file of weights alone
  Json compile;  // the arguments of compile(); null when it was not compiled
  std::vector<std::pair<std::string, Tensor>> variables;            // in the model's order
  std::vector<std::pair<std::string, Tensor>> optimizer_variables;  // empty: none were saved
};

// Writes a file atomically. ValueError for a configuration that holds objects without one.
void write_model_file(const std::string& path, const Json& model, const Json& compile,
                      const std::vector<VariableRef>& variables,
                      const std::vector<VariableRef>& optimizer_variables);
// ValueError where the file is no sound model file, kFile where it cannot be opened.
ModelFile read_model_file(const std::string& path);
// Assigns saved values in order. ValueError, before anything is changed, naming the first variable
// whose shape does not fit, or both counts.
void assign_variables(const std::vector<VariableRef>& variables,
                      const std::vector<std::pair<std::string, Tensor>>& values,
                      std::string_view what);

// A model with its weights, without Python.
void save_model(const std::string& path, Layer& model);
Ref<Layer> load_model(const std::string& path);

}  // namespace nacre
