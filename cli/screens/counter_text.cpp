#include "cli/screens/counter_text.hpp"

#include "actors/model/counter_unit.hpp"
#include "actors/trace/read/trace_names.hpp"
#include "config/byte_size.hpp"

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <string_view>

namespace gitfs {

namespace {

// The counter's name without its unit, because the value is shown with one.
std::string_view shown_name(std::string_view name) {
  if (unit_of(name) == counter_unit::nanoseconds)
    name.remove_suffix(std::string_view{"_ns"}.size());
  return name;
}

std::string shown_value(counter_unit unit, std::uint64_t value) {
  switch (unit) {
  case counter_unit::bytes:
    return show_byte_size(value);
  case counter_unit::nanoseconds:
    return trace::show_duration(value);
  case counter_unit::one:
    break;
  }
  return std::to_string(value);
}

} // namespace

std::string counter_lines(const std::map<std::string, std::uint64_t>& counters) {
  std::string out;
  for (const auto& [name, value] : counters)
    out += fmt::format("{:<28} {}\n", shown_name(name), shown_value(unit_of(name), value));
  return out;
}

std::string counter_json(const std::map<std::string, std::uint64_t>& counters) {
  rapidjson::StringBuffer text;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer{text};
  writer.StartObject();
  for (const auto& [name, value] : counters) {
    writer.Key(name.c_str(), static_cast<rapidjson::SizeType>(name.size()));
    writer.Uint64(value);
  }
  writer.EndObject();
  return std::string{text.GetString(), text.GetSize()} + "\n";
}

} // namespace gitfs
