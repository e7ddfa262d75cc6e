// What is wrong with a config file, all of it at once.
#pragma once

#include "config/error.hpp"
#include "config/json_text.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace gitfs {

/// Gathers lines of the form "FILE:LINE:COLUMN: /json/pointer: MESSAGE". No URL's credentials get into them.
class config_errors {
public:
  static constexpr std::size_t most = 20; ///< lines that are told

  /// The text has to outlive it.
  config_errors(std::string file, const json_text& text);

  /// At the value that stands at `pointer`. Only the first mistake of a value is told.
  void add(const std::string& pointer, const std::string& message);
  /// At its key.
  void add_at_key(const std::string& pointer, const std::string& message);

  bool empty() const { return found_.empty(); }
  /// In the order of the file, one line each without a line end at the last. EINVAL.
  error all() const;

private:
  void add_at(std::size_t offset, const std::string& pointer, const std::string& message);

  std::string file_;
  const json_text& text_;
  std::vector<json_text::problem> found_;
  std::set<std::string> reported_; // pointers
};

} // namespace gitfs
