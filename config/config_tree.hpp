// The "tree" of a config file: which repositories and forges stand where.
#pragma once

#include "config/config_errors.hpp"
#include "config/deployment.hpp"
#include "config/json_text.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace gitfs {

/// Relative paths begin at `folder`. What breaks the schema is passed over: that is told elsewhere.
deployment read_tree(const json_text& text, const std::filesystem::path& folder, config_errors& errors);

/// Of {"env": NAME} or {"file": PATH}, which stands at `pointer`; nothing if it was no good.
std::optional<secret_place> read_secret_place(const rapidjson::Value& place, const std::string& pointer,
                                              const std::filesystem::path& folder, config_errors& errors);

/// "repository https://example.org/a.git, ref main, every 30s, token from environment TOKEN"; no credentials.
std::string show_repository(const shown_repository& repository);
std::string show_forge(const shown_forge& forge);

/// The JSON pointer of what stands at this path in the tree.
std::string tree_pointer(const std::string& path);

} // namespace gitfs
