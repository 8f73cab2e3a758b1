// How ops are named and written as nodes of a model.
#pragma once

#include <string>

#include "nacre/base/json.h"
#include "nacre/ops/opdef.h"

namespace nacre {

// "LogSoftmax" of log_softmax, "GetItem" of x[...], "RandomNormal" of random.normal.
std::string operation_class_name(const OpDef& op);
// The op of such a name; null for an unknown one.
const OpDef* find_operation(std::string_view class_name);

// x[key] with ints and slices: the key is an argument of the call, as Keras writes it.
bool is_getitem(const OpDef& op);
Json getitem_key(const Attrs& attrs);
void set_getitem_key(Attrs& attrs, const Json& key);

}  // namespace nacre
