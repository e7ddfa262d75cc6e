#include "config/config_file.hpp"

#include "config/config_errors.hpp"
#include "config/config_keys.hpp"
#include "config/config_tree.hpp"
#include "config/json_text.hpp"
#include "config/paths.hpp"
#include "config/schema.hpp"
#include "config/secret.hpp"
#include "config/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace gitfs {

using rapidjson::Value;
using std::string;
using std::string_view;

namespace {

constexpr std::size_t largest = std::size_t{4} << 20;

string plain(const Value& text) {
  return {text.GetString(), text.GetStringLength()};
}

class settings_reader {
public:
  settings_reader(const json_text& text, const std::filesystem::path& file, config_errors& errors)
    : text_(text),
      file_(file),
      errors_(errors) {}

  std::vector<setting> read() {
    for (const config_key& key : config_key_table())
      if (const string at{key.pointer}; const Value* const value = text_.find(at))
        read_key(key, at, *value);
    if (tried_.kernel.allow_other && tried_.kernel.allow_root)
      errors_.add("/options/allow_root", "allow_other and allow_root exclude each other");
    return std::move(out_);
  }

private:
  // A value of another type than the schema has is passed over.
  void read_key(const config_key& key, const string& at, const Value& value) {
    switch (key.kind) {
    case config_kind::text:
    case config_kind::number:
    case config_kind::size:
    case config_kind::time:
      if (value.IsString())
        add_text(key, at, plain(value));
      else if (value.IsNumber())
        add_text(key, at, string{text_.raw(at)});
      break;
    case config_kind::path:
      if (value.IsString() && value.GetStringLength() != 0)
        add_path(key, at, plain(value));
      break;
    case config_kind::address: {
      constexpr string_view prefix = "unix:";
      if (!value.IsString())
        break;
      const string said = plain(value);
      if (said.starts_with(prefix) && said.size() > prefix.size())
        add_path(key, at, said.substr(prefix.size()), string{prefix});
      else if (!said.empty())
        add(key, at, said);
      break;
    }
    case config_kind::toggle:
      if (value.IsBool())
        add_toggle(key, at, value.GetBool());
      break;
    case config_kind::list:
      if (value.IsArray())
        for (rapidjson::SizeType i = 0; i < value.Size(); ++i)
          if (value[i].IsString() && value[i].GetStringLength() != 0)
            add_url(key, at + "/" + std::to_string(i), plain(value[i]));
      break;
    case config_kind::headers:
      if (value.IsObject())
        for (const auto& each : value.GetObject())
          add_header(key, at + "/" + pointer_part(plain(each.name)), plain(each.name), each.value);
      break;
    }
  }

  setting made(const config_key& key, const string& at, string value) const {
    const std::size_t line = text_.position_of(text_.place(at).begin).line;
    setting out{key.option, std::move(value), {setting_origin::kind_type::file, file_.string(), line}};
    out.key = key.pointer;
    return out;
  }

  void add(setting one, const string& at) {
    if (auto done = apply_setting(tried_, one); !done)
      errors_.add(at, done.error().message);
    out_.push_back(std::move(one));
  }
  void add(const config_key& key, const string& at, string value) { add(made(key, at, std::move(value)), at); }

  void add_text(const config_key& key, const string& at, const string& value) {
    add(key, at, key.word.empty() ? value : string{key.word} + "=" + value);
  }

  void add_path(const config_key& key, const string& at, const string& value, const string& prefix = "") {
    auto path = expanded_path(value, file_.parent_path());
    if (path)
      add(key, at, prefix + path.value().string());
    else
      errors_.add(at, path.error().message);
  }

  void add_toggle(const config_key& key, const string& at, bool on) {
    const string_view word = on ? key.word : key.opposite;
    setting one = made(key, at, string{word});
    one.off = !on && word.empty();
    add(std::move(one), at);
  }

  void add_url(const config_key& key, const string& at, const string& url) {
    if (const string secret = secret_in_url(url); secret.empty())
      add(key, at, url);
    else
      errors_.add(at, secret + R"(: take it out; "headers" can have one, as {"env": NAME} or {"file": PATH})");
  }

  void add_header(const config_key& key, const string& at, const string& name, const Value& value) {
    setting one = made(key, at, name + "=");
    if (!apply_setting(tried_, one))
      return errors_.add_at_key(at, "'" + name + "' cannot be the name of a header");
    if (value.IsString()) {
      if (is_secret_header(name) || looks_like_token(plain(value))) {
        errors_.add(at, R"(the value of this header is a secret: expected {"env": NAME} or {"file": PATH})");
        return;
      }
      one.value += plain(value);
    } else if (value.IsObject()) {
      one.value = name;
      one.secret = read_secret_place(value, at, file_.parent_path(), errors_);
      if (!one.secret)
        return;
    } else {
      return;
    }
    add(std::move(one), at);
  }

  const json_text& text_;
  const std::filesystem::path& file_;
  config_errors& errors_;
  mount_options tried_; // each value is tried, also those that another layer goes before
  std::vector<setting> out_;
};

string counted(std::size_t count, const string& one, const string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

error unreadable(int code, const string& name) {
  error out = system_failure(code, name);
  if (code == EACCES)
    out.message += ": give a config file that you may read";
  else if (code == ENOENT || code == ENOTDIR || code == EISDIR)
    out.message += ": give the path of a config file; docs/configuration.md says what goes into one";
  return out;
}

} // namespace

result<config_file> parse_config_file(string text, const std::filesystem::path& file, const string& name) {
  const json_text read{std::move(text)};
  config_errors errors{name, read};
  const auto& document = read.document();
  if (errors.empty() || document.IsObject()) {
    if (!fits_config_schema(document)) {
      const bool was_empty = errors.empty();
      explain_config_schema(read, errors);
      if (was_empty && errors.empty())
        errors.add("", "this is not what config/schema.json describes");
    }
    config_file out;
    out.settings = settings_reader{read, file, errors}.read();
    out.tree = read_tree(read, file.parent_path(), errors);
    if (errors.empty()) {
      const auto note = [&](const auto& entries) {
        for (const auto& each : entries)
          out.lines[each.path] = read.position_of(read.place(tree_pointer(each.path)).key).line;
      };
      note(out.tree.repositories);
      note(out.tree.forges);
      return out;
    }
  }
  const error all = errors.all();
  return fail(all.code, all.message);
}

result<config_file> read_config_file(const std::filesystem::path& file, const string& name) {
  const unique_fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd)
    return unreadable(errno, name);
  string text;
  std::array<char, 16384> part{};
  for (;;) {
    const ssize_t size = ::read(fd.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0)
      return unreadable(errno, name);
    if (size == 0)
      return parse_config_file(std::move(text), file, name);
    text.append(part.data(), static_cast<std::size_t>(size));
    if (text.size() > largest)
      return fail(EFBIG, name + ": larger than 4 MiB: this is no config file");
  }
}

string describe(const config_file& config) {
  string out = counted(config.tree.repositories.size(), "repository", "repositories") + ", "
               + counted(config.tree.forges.size(), "host", "hosts");
  const auto mountpoint =
      std::ranges::find_if(config.settings, [](const setting& each) { return each.option == "MOUNTPOINT"; });
  return out + ", " + (mountpoint == config.settings.end() ? "no mountpoint" : "mountpoint " + mountpoint->value);
}

} // namespace gitfs
