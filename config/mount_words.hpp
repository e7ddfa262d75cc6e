// The words of `-o`, as mount(8) spells them: one table for the parser and the help, and the way on to libfuse.
#pragma once

#include "config/options.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// One word of `-o`, as mount(8) spells it.
struct mount_word {
  std::string_view name;
  std::string_view value; ///< empty: takes none
  std::string_view help;  ///< empty: accepted with any value and ignored, so not shown
  result<void> (*set)(mount_options& out, const std::string& value);
};

/// Every word, in the order of the help text.
std::span<const mount_word> mount_word_table();

/// Whether the table has a word of this name, or it is one for other programs.
bool is_mount_word(std::string_view name);

/// The words of a list with commas between; a comma after a backslash belongs to its word, as in libfuse.
std::vector<std::string> split_words(std::string_view text);

/// `word` as split_words takes it.
std::string escaped_word(std::string_view word);

/// One word, "name" or "name=value". Those for other programs (x-*, comment=) are ignored.
result<void> set_word(mount_options& out, const std::string& word);

/// A list of them, see split_words.
result<void> set_words(mount_options& out, const std::string& text);

/// The text for libfuse's `-o`: always begins with "ro"; commas inside values are escaped for it.
std::string fuse_option_text(const mount_options& options);

} // namespace gitfs
