#include "nacre/nn/field_types.h"

#include <algorithm>

#include "nacre/ops/nn.h"

namespace nacre {

IntList AxisList::normalized(int rank) const {
  IntList out;
  for (const int64_t axis : axes) {
    if (axis < -rank || axis >= rank) {
      value_error("expected axis in [", -rank, ", ", rank, "), received ", axis);
    }
    const int64_t at = axis < 0 ? axis + rank : axis;
    if (std::find(out.begin(), out.end(), at) != out.end()) {
      value_error("expected each axis once, received ", to_string(AttrValue(axes)));
    }
    out.push_back(at);
  }
  std::sort(out.begin(), out.end());
  return out;
}

void read_field(AxisList& field, const Json& json, std::string_view what) {
  field.single = !json.is_array();
  read_field(field.axes, json, what);
}

Json write_field(const AxisList& field) {
  return field.single && field.axes.size() == 1 ? Json(field.axes[0]) : Json::array_of(field.axes);
}

DataFormatField::DataFormatField() : name_(image_data_format()) {}

void read_field(DataFormatField& field, const Json& json, std::string_view what) {
  std::string name = json.is_null() ? image_data_format() : json.as_string(what);
  if (name != "channels_last" && name != "channels_first") {
    const std::vector<std::string> known = {"channels_last", "channels_first"};
    value_error("expected data_format 'channels_last' or 'channels_first', received '", name, "'.",
                did_you_mean(name, known));
  }
  field.name_ = std::move(name);
}

void expand_to_axes(IntList& field, int count, int64_t smallest, std::string_view what) {
  if (field.size() == 1) field.resize(count, field[0]);
  if (static_cast<int>(field.size()) != count) {
    value_error("expected ", what, " of 1 or ", count, " numbers, received ",
                to_string(AttrValue(field)));
  }
  for (const int64_t value : field) {
    if (value < smallest) {
      value_error("expected ", what, " of at least ", smallest, ", received ",
                  to_string(AttrValue(field)));
    }
  }
}

}  // namespace nacre
