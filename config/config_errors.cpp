#include "config/config_errors.hpp"

#include "config/url.hpp"

#include <algorithm>
#include <cerrno>

namespace gitfs {

config_errors::config_errors(std::string file, const json_text& text)
  : file_(std::move(file)),
    text_(text),
    found_(text.problems()) {
  for (const auto& each : found_)
    reported_.insert(each.pointer);
}

// The schema and the option's own reader may have the same to say of a value: the first one says it.
void config_errors::add_at(std::size_t offset, const std::string& pointer, const std::string& message) {
  if (reported_.insert(pointer).second)
    found_.push_back({offset, pointer, message});
}

void config_errors::add(const std::string& pointer, const std::string& message) {
  add_at(text_.place(pointer).begin, pointer, message);
}

void config_errors::add_at_key(const std::string& pointer, const std::string& message) {
  add_at(text_.place(pointer).key, pointer, message);
}

error config_errors::all() const {
  auto sorted = found_;
  std::ranges::stable_sort(sorted, {}, &json_text::problem::offset);
  std::string out;
  for (std::size_t i = 0; i < std::min(most, sorted.size()); ++i) {
    const auto at = text_.position_of(sorted[i].offset);
    out += (i == 0 ? "" : "\n") + file_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
    const std::string where = sorted[i].pointer.empty() ? "" : sorted[i].pointer + ": ";
    // A key or a message may quote what the file says: no line of it becomes two.
    std::string text = redacted(where + sorted[i].message);
    std::ranges::replace_if(
        text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    out += text;
  }
  if (sorted.size() > most)
    out += "\n" + file_ + ": and " + std::to_string(sorted.size() - most) + " more";
  return {EINVAL, std::move(out)};
}

} // namespace gitfs
