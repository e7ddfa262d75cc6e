#include "config/schema.hpp"

#include "config/nearest.hpp"
#include "config/secret.hpp"

#include <rapidjson/pointer.h>
#include <rapidjson/schema.h>

#include <algorithm>
#include <cstdint>

namespace gitfs {

using rapidjson::Value;
using std::string;
using std::string_view;

namespace {

string_view view(const Value& text) {
  return {text.GetString(), text.GetStringLength()};
}

const Value* member(const Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

// The types of JSON Schema.
constexpr struct {
  string_view name;
  string_view shown;
  bool (*fits)(const Value& value);
} types[] = {
    {"string", "a string", [](const Value& v) { return v.IsString(); }},
    {"integer", "a whole number", [](const Value& v) { return v.IsInt64() || v.IsUint64(); }},
    {"number", "a number", [](const Value& v) { return v.IsNumber(); }},
    {"boolean", "true or false", [](const Value& v) { return v.IsBool(); }},
    {"object", "an object", [](const Value& v) { return v.IsObject(); }},
    {"array", "an array", [](const Value& v) { return v.IsArray(); }},
};

string joined(const std::vector<string_view>& words) {
  string out;
  for (const string_view word : words)
    (out += out.empty() ? "" : ", ") += word;
  return out;
}

class explainer {
public:
  explainer(const json_text& text, config_errors& errors) : text_(text), errors_(errors) {}

  void check(const Value& named, const Value& value, const string& at) {
    const Value& schema = resolved(named);
    if (const Value* any = member(schema, "anyOf")) {
      if (const Value* one = alternative(*any, value))
        return check(*one, value, at);
      return errors_.add(at,
                         "expected " + alternatives(*any) + ", found " + found(value, at) + nearest_key(*any, value));
    }
    if (is_secret(schema) && !(value.IsObject() && value.MemberCount() == 1))
      return errors_.add(at, string{value.IsString() ? "a secret never stands in the file: " : ""}
                                 + R"(expected {"env": NAME} or {"file": PATH}, found )"
                                 + (value.IsString() ? "a string" : found(value, at)));
    if (const Value* known = member(schema, "enum"))
      return check_enum(*known, value, at);
    if (!fits_type(schema, value))
      return errors_.add(at, "expected " + type_names(schema) + ", found " + found(value, at));
    if (value.IsString() && member(schema, "minLength") != nullptr && value.GetStringLength() == 0)
      return errors_.add(at, "the value is empty");
    if (value.IsNumber())
      return check_range(schema, value, at);
    if (value.IsObject())
      return check_object(schema, value, at);
    if (value.IsArray() && member(schema, "items") != nullptr)
      for (rapidjson::SizeType i = 0; i < value.Size(); ++i)
        check(*member(schema, "items"), value[i], at + "/" + std::to_string(i));
  }

private:
  static const Value& resolved(const Value& schema) {
    const Value* const reference = member(schema, "$ref");
    if (reference == nullptr)
      return schema;
    const Value* const found = rapidjson::Pointer(reference->GetString()).Get(config_schema());
    return found == nullptr ? schema : resolved(*found);
  }
  static bool is_secret(const Value& schema) {
    return &schema == rapidjson::Pointer("#/definitions/secret").Get(config_schema());
  }

  static std::vector<string_view> strings(const Value* array) {
    std::vector<string_view> out;
    if (array != nullptr && array->IsString())
      out.push_back(view(*array));
    else if (array != nullptr)
      for (const Value& each : array->GetArray())
        out.push_back(view(each));
    return out;
  }

  static bool fits_type(const Value& schema, const Value& value) {
    const auto allowed = strings(member(schema, "type"));
    return allowed.empty() || std::ranges::any_of(types, [&](const auto& row) {
             return row.fits(value) && std::ranges::find(allowed, row.name) != allowed.end();
           });
  }
  static string type_names(const Value& schema) {
    string out;
    const auto allowed = strings(member(schema, "type"));
    for (const auto& row : types)
      if (std::ranges::find(allowed, row.name) != allowed.end())
        (out += out.empty() ? "" : " or ") += row.shown;
    return out;
  }

  // The alternative that is meant: of that type, and with what it has to have.
  static const Value* alternative(const Value& any, const Value& value) {
    for (const Value& each : any.GetArray()) {
      const Value& schema = resolved(each);
      const auto needed = strings(member(schema, "required"));
      if (fits_type(schema, value)
          && std::ranges::all_of(needed, [&](string_view name) { return value.HasMember(string{name}.c_str()); }))
        return &schema;
    }
    return nullptr;
  }
  static string alternatives(const Value& any) {
    string out;
    for (const Value& each : any.GetArray()) {
      const Value& schema = resolved(each);
      out += out.empty() ? "" : " or ";
      if (const auto needed = strings(member(schema, "required")); !needed.empty())
        out += "an object with '" + string{needed.front()} + "'";
      else
        out += is_secret(schema) ? R"({"env": NAME} or {"file": PATH})" : type_names(schema);
    }
    return out;
  }

  // Where no alternative fits: a key that is near to one that tells them apart.
  static string nearest_key(const Value& any, const Value& value) {
    std::vector<string_view> known;
    for (const Value& each : any.GetArray())
      for (const string_view name : strings(member(resolved(each), "required")))
        known.push_back(name);
    if (value.IsObject())
      for (const auto& each : value.GetObject())
        if (const string meant = did_you_mean(view(each.name), known); !meant.empty())
          return meant;
    return "";
  }

  string found(const Value& value, const string& at) const {
    if (value.IsNumber())
      return string{text_.raw(at)};
    if (value.IsObject()) {
      std::vector<string_view> keys;
      for (const auto& each : value.GetObject())
        if (keys.size() < 4)
          keys.push_back(view(each.name));
      const string more = value.MemberCount() > keys.size() ? ", ..." : "";
      return keys.empty() ? "an empty object" : "an object with " + joined(keys) + more;
    }
    if (value.IsString())
      return looks_like_token(view(value)) ? "what looks like a token" : shown_text(view(value));
    if (value.IsBool())
      return value.GetBool() ? "true" : "false";
    return value.IsNull() ? "null" : "an array";
  }

  static string shown_text(string_view text) {
    constexpr std::size_t longest = 60;
    return "'" + string{text.substr(0, longest)} + (text.size() > longest ? "...'" : "'");
  }

  void check_enum(const Value& known, const Value& value, const string& at) {
    const auto names = strings(&known);
    const string_view typed = value.IsString() ? view(value) : string_view{};
    if (!value.IsString() || std::ranges::find(names, typed) == names.end())
      errors_.add(at, "expected one of " + joined(names) + ", found " + found(value, at) + did_you_mean(typed, names));
  }

  void check_range(const Value& schema, const Value& value, const string& at) {
    const Value* const least = member(schema, "minimum");
    const Value* const most = member(schema, "maximum");
    if (least != nullptr && most != nullptr
        && (value.GetDouble() < least->GetDouble() || value.GetDouble() > most->GetDouble()))
      errors_.add(at, "expected " + type_names(schema) + " from " + std::to_string(least->GetInt64()) + " to "
                          + std::to_string(most->GetInt64()) + ", found " + string{text_.raw(at)});
  }

  void check_object(const Value& schema, const Value& value, const string& at) {
    for (const string_view name : strings(member(schema, "required")))
      if (!value.HasMember(string{name}.c_str()))
        errors_.add(at, "'" + string{name} + "' is missing");
    if (member(schema, "minProperties") != nullptr && value.ObjectEmpty())
      errors_.add(at, "there is nothing in it");
    const Value* const properties = member(schema, "properties");
    const Value* const others = member(schema, "additionalProperties");
    std::vector<string_view> known;
    if (properties != nullptr)
      for (const auto& each : properties->GetObject())
        known.push_back(view(each.name));
    for (const auto& each : value.GetObject()) {
      const string name{view(each.name)};
      const string below = at + "/" + pointer_part(name);
      if (properties != nullptr && properties->HasMember(each.name)) {
        check((*properties)[each.name], each.value, below);
      } else if (others != nullptr && others->IsObject()) {
        check(*others, each.value, below);
      } else {
        const string meant = did_you_mean(name, known);
        errors_.add_at_key(below, "unknown key" + (meant.empty() ? ", known here: " + joined(known) : meant));
      }
    }
  }

  const json_text& text_;
  config_errors& errors_;
};

} // namespace

const rapidjson::Document& config_schema() {
  static const rapidjson::Document out = [] {
    rapidjson::Document parsed;
    parsed.Parse(config_schema_text.data(), config_schema_text.size());
    return parsed;
  }();
  return out;
}

bool fits_config_schema(const Value& value) {
  static const rapidjson::SchemaDocument schema{config_schema()};
  rapidjson::SchemaValidator validator{schema};
  return value.Accept(validator);
}

void explain_config_schema(const json_text& text, config_errors& errors) {
  explainer{text, errors}.check(config_schema(), text.document(), "");
}

} // namespace gitfs
