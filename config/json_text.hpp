// A JSON file with comments, and where each value stands in it: RapidJSON's document has no positions.
#pragma once

#include <rapidjson/document.h>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// Byte offsets of one value.
struct json_place {
  std::size_t key = 0; ///< where its key begins; of an array's element where it begins itself
  std::size_t begin = 0;
  std::size_t end = 0; ///< of an object and an array: behind its opening bracket
};

/// `text` as it stands in a JSON pointer (RFC 6901).
std::string pointer_part(std::string_view text);

/// Comments and a comma before a closing bracket are allowed; a key twice in one object, nesting deeper than 32, bytes
/// that are no UTF-8 and NUL are not. Never throws.
class json_text {
public:
  struct problem {
    std::size_t offset;
    std::string pointer; ///< empty: of the text itself
    std::string message;
  };

  explicit json_text(std::string text);

  /// Not an object if the text could not be read; then `problems` has the reason. Of a key that is there twice it has
  /// both.
  const rapidjson::Document& document() const { return document_; }
  const std::vector<problem>& problems() const { return problems_; }

  /// The value at a JSON pointer, or null.
  const rapidjson::Value* find(const std::string& pointer) const;
  /// Of a value that exists; else that of the whole document.
  json_place place(const std::string& pointer) const;
  /// What stands there: of a string, with its quotes and escapes.
  std::string_view raw(const std::string& pointer) const;

  struct position {
    std::size_t line, column; ///< from 1, in characters
  };
  position position_of(std::size_t offset) const;

private:
  struct recorder;

  std::string text_;
  std::vector<std::size_t> lines_; // where each begins
  std::map<std::string, json_place, std::less<>> places_;
  std::vector<problem> problems_;
  rapidjson::Document document_;
};

} // namespace gitfs
