// The JSON Schema of config files (config/schema.json, draft 4), and what of it a file breaks.
#pragma once

#include "config/config_errors.hpp"

#include <rapidjson/document.h>

#include <string_view>

namespace gitfs {

extern const std::string_view config_schema_text;

const rapidjson::Document& config_schema();

/// What RapidJSON's validator says. It stops at the first mistake and tells a keyword and a place, no more.
bool fits_config_schema(const rapidjson::Value& value);

/// Adds every mistake, in words. Reads those keywords that the schema has.
void explain_config_schema(const json_text& text, config_errors& errors);

} // namespace gitfs
