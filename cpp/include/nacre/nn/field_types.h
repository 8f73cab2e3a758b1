// Configuration values that several layers take: an axis or several, a data format, pairs.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "nacre/nn/configurable.h"

namespace nacre {

// One axis or several; written the way it was given.
struct AxisList {
  IntList axes;
  bool single = false;

  AxisList() = default;
  AxisList(std::initializer_list<int64_t> list) : axes(list), single(list.size() == 1) {}
  // In [0, rank), each once; ValueError otherwise.
  IntList normalized(int rank) const;
};
void read_field(AxisList& field, const Json& json, std::string_view what);
Json write_field(const AxisList& field);

// "channels_last" or "channels_first"; null is the process's default.
class DataFormatField {
 public:
  DataFormatField();
  const std::string& name() const { return name_; }
  bool channels_first() const { return name_ == "channels_first"; }
  // The axis of the channels of an array of this rank.
  int channel_axis(int rank) const { return channels_first() ? 1 : rank - 1; }

 private:
  friend void read_field(DataFormatField& field, const Json& json, std::string_view what);
  std::string name_;
};
void read_field(DataFormatField& field, const Json& json, std::string_view what);
inline Json write_field(const DataFormatField& field) {
  return Json(field.name());
}

// One number for all of `count` axes or one each, at least `smallest`. ValueError naming `what`.
void expand_to_axes(IntList& field, int count, int64_t smallest, std::string_view what);

}  // namespace nacre
