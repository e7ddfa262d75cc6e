#include "config/config_tree.hpp"

#include "config/option_values.hpp"
#include "config/paths.hpp"
#include "config/secret.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <vector>

namespace gitfs {

using rapidjson::Value;
using std::string;
using std::string_view;

namespace {

struct forge_row {
  string_view name;
  forge_kind kind;
  string_view url; ///< of the public service; empty: there is none
};
constexpr std::array forge_rows{
    forge_row{"github", forge_kind::github, "https://github.com"},
    forge_row{"gitea", forge_kind::gitea, ""},
    forge_row{"gitlab", forge_kind::gitlab, "https://gitlab.com"},
    forge_row{"mesa", forge_kind::mesa, ""},
    forge_row{"git", forge_kind::git, ""},
};

constexpr string_view root = "/";
constexpr const char* token_remedy =
    R"(: take it out, and say by "token" where it is kept, as {"env": NAME} or {"file": PATH})";

bool is_http(string_view url) {
  return url.starts_with("https://") || url.starts_with("http://");
}

// What is wrong with a path in the tree; empty: nothing.
string wrong_with_path(const string& path) {
  constexpr std::size_t longest_name = 255;
  if (path.find('\0') != string::npos)
    return "a path with a NUL byte in it";
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const string part = path.substr(begin, end - begin);
    if (part.empty())
      return "a path with an empty part: write it as team/app, without a slash at its begin or end, or / for the "
             "mountpoint itself";
    if (part == "." || part == "..")
      return "'" + part + "' cannot be a part of a path here";
    if (part.size() > longest_name)
      return "a name of " + std::to_string(part.size()) + " bytes; the longest is " + std::to_string(longest_name);
    if (end == path.size())
      return "";
    begin = end + 1;
  }
}

// Each name stands where a path has one, once.
bool is_url_template(string text) {
  const auto take = [&](string_view place) {
    const std::size_t found = text.find(place);
    if (found != string::npos)
      text.erase(found, place.size());
    return found != string::npos;
  };
  const bool complete = take("{path}") || (take("{owner}") && take("{repo}"));
  return complete && text.find_first_of("{}") == string::npos;
}

class tree_reader {
public:
  tree_reader(const json_text& text, const std::filesystem::path& folder, config_errors& errors)
    : text_(text),
      folder_(folder),
      errors_(errors) {}

  deployment read() {
    const Value* const tree = text_.find("/tree");
    if (tree == nullptr || !tree->IsObject())
      return {};
    for (const auto& each : tree->GetObject()) {
      const string key{each.name.GetString(), each.name.GetStringLength()};
      at_ = "/tree/" + pointer_part(key);
      if (const string wrong = key == root ? "" : wrong_with_path(key); !wrong.empty())
        errors_.add_at_key(at_, wrong);
      else
        lines_.try_emplace(key, text_.position_of(text_.place(at_).key).line);
      if (!each.value.IsObject())
        continue;
      entry_ = &each.value;
      const string path = key == root ? "" : key;
      if (each.value.HasMember("source"))
        read_repository(path);
      else if (each.value.HasMember("host"))
        read_forge(path);
    }
    refuse_overlaps();
    return std::move(out_);
  }

private:
  // Of the entry, without its leading slash.
  const Value* member(const char* name) const {
    const auto found = entry_->FindMember(name + 1);
    return found == entry_->MemberEnd() ? nullptr : &found->value;
  }
  std::optional<string> string_at(const char* name) const {
    const Value* const value = member(name);
    if (value == nullptr || !value->IsString() || value->GetStringLength() == 0)
      return std::nullopt;
    return string{value->GetString(), value->GetStringLength()};
  }
  void wrong(const char* name, const string& message) { errors_.add(at_ + name, message); }

  void read_repository(const string& path) {
    shown_repository out;
    out.path = path;
    if (const auto source = string_at("/source"))
      out.source = read_source(*source);
    out.ref = string_at("/ref").value_or("");
    out.follow = read_follow();
    if (out.follow != follow_mode{} && is_commit_id(out.ref))
      wrong("/follow", "a commit id never changes: follow a branch or tag, or leave this out");
    out.token = read_token();
    const bool has_token = out.token != secret_place{};
    if (has_token && !out.source.empty() && !is_http(out.source))
      wrong("/token", "only a source with https:// or http:// takes a token");
    out.username = read_username();
    if (!out.username.empty() && !out.source.empty() && !is_http(out.source))
      wrong("/username", "only a source with https:// or http:// takes a user name");
    if (const auto profile = string_at("/profile")) {
      if (auto file = expanded_path(*profile, folder_))
        out.profile = std::move(file.value());
      else
        wrong("/profile", file.error().message);
    }
    out_.repositories.push_back(std::move(out));
  }

  string read_source(const string& source) {
    if (const string secret = secret_in_url(source); !secret.empty()) {
      wrong("/source", secret + token_remedy);
    } else if (is_local_path(source)) {
      if (auto path = expanded_path(source, folder_))
        return path.value().string();
      else
        wrong("/source", path.error().message);
    } else if (!is_http(source) && !source.starts_with("file://")) {
      wrong("/source",
            "expected a URL with https://, http:// or file://, or a path, found '" + without_userinfo(source) + "'");
    } else {
      return source;
    }
    return "";
  }

  void read_forge(const string& path) {
    const string name = string_at("/host").value_or("");
    const auto row = std::ranges::find(forge_rows, name, &forge_row::name);
    if (row == forge_rows.end())
      return; // said by the schema
    shown_forge out;
    out.path = path;
    out.kind = row->kind;
    if (path.empty())
      errors_.add_at_key(at_, "a host is a folder below the mountpoint: give it a name");
    if (member("/url") == nullptr) {
      out.url = row->url;
      if (row->url.empty())
        wrong("", "'url' is missing: " + name + " has no public service that is meant without it");
    } else {
      out.url = read_url("/url", row->kind == forge_kind::git);
    }
    if (member("/api") != nullptr) {
      if (row->kind == forge_kind::git)
        errors_.add_at_key(at_ + "/api", "a host of the kind git has no API");
      else
        out.api = read_url("/api", false);
    }
    out.follow = read_follow();
    out.absent = read_absent(out.absent);
    out.token = read_token();
    out.username = read_username();
    if (!out.username.empty() && row->kind != forge_kind::git)
      errors_.add_at_key(at_ + "/username",
                         "only a host of the kind git takes a user name: " + name + " looks at the token alone");
    if (const Value* const tokens = member("/tokens"); tokens != nullptr && tokens->IsObject())
      for (const auto& each : tokens->GetObject()) {
        const string owner{each.name.GetString(), each.name.GetStringLength()};
        if (auto place = read_secret_place(each.value, at_ + "/tokens/" + pointer_part(owner), folder_, errors_))
          out.tokens[owner] = std::move(*place);
      }
    out_.forges.push_back(std::move(out));
  }

  string read_url(const char* name, bool is_template) {
    auto url = string_at(name);
    if (!url)
      return "";
    if (const string secret = secret_in_url(*url); !secret.empty()) {
      wrong(name, secret + token_remedy);
      return "";
    }
    if (!is_http(*url) || url->find('/') + 2 >= url->size()) {
      wrong(name, "expected a URL with https:// or http://, found '" + without_userinfo(*url) + "'");
      return "";
    }
    if (is_template && !is_url_template(*url))
      wrong(name, "expected a template with {owner} and {repo}, each once, or with {path}, as in "
                  "https://git.example/{owner}/{repo}.git, found '"
                      + without_userinfo(*url) + "'");
    else if (!is_template && url->find_first_of("{}") != string::npos)
      wrong(name, "only a host of the kind git takes a template, found '" + without_userinfo(*url) + "'");
    while (url->ends_with('/'))
      url->pop_back();
    return *url;
  }

  // A text or a number, as it stands there.
  std::optional<string> text_at(const char* name) const {
    const Value* const value = member(name);
    if (value == nullptr || !(value->IsString() || value->IsNumber()))
      return std::nullopt;
    return value->IsString() ? string{value->GetString(), value->GetStringLength()} : string{text_.raw(at_ + name)};
  }

  follow_mode read_follow() {
    const auto said = text_at("/follow");
    if (!said)
      return {};
    if (auto follow = gitfs::read_follow(*said))
      return follow.value();
    else
      wrong("/follow", follow.error().message);
    return {};
  }

  std::chrono::milliseconds read_absent(std::chrono::milliseconds otherwise) {
    const auto said = text_at("/absent");
    if (!said)
      return otherwise;
    const auto time = read_seconds(*said);
    if (time && time.value() >= std::chrono::seconds{1})
      return time.value();
    wrong("/absent", "expected a time from 1s to 24h, as 30s or 5m, found '" + *said + "'");
    return otherwise;
  }

  secret_place read_token() {
    const Value* const value = member("/token");
    return value == nullptr ? secret_place{}
                            : read_secret_place(*value, at_ + "/token", folder_, errors_).value_or(secret_place{});
  }

  string read_username() {
    const string name = string_at("/username").value_or("");
    if (const string mistake = wrong_with_username(name); !mistake.empty())
      wrong("/username", mistake);
    return name;
  }

  void refuse_overlaps() {
    for (const auto& [path, line] : lines_) {
      const string pointer = "/tree/" + pointer_part(path);
      if (path == root) {
        if (lines_.size() > 1)
          errors_.add_at_key(pointer, "'/' is the mountpoint itself and stands alone, but there is '"
                                          + std::prev(lines_.end())->first + "' too");
        continue;
      }
      for (std::size_t end = path.find('/'); end != string::npos; end = path.find('/', end + 1))
        if (const auto outer = lines_.find(path.substr(0, end)); outer != lines_.end())
          errors_.add_at_key(pointer, "'" + path + "' is inside '" + outer->first + "' (line "
                                          + std::to_string(outer->second)
                                          + "), which is shown as a whole: put one of them elsewhere");
    }
  }

  const json_text& text_;
  const std::filesystem::path& folder_;
  config_errors& errors_;
  string at_; // the pointer of the entry that is read
  const Value* entry_ = nullptr;
  std::map<string, std::size_t> lines_;
  deployment out_;
};

string show_follow(const follow_mode& follow) {
  if (follow.kind == follow_mode::kind_type::pinned)
    return ", pinned";
  if (follow.kind == follow_mode::kind_type::on_request)
    return ", followed on request";
  return ", followed every " + show_time(follow.every);
}

string show_username(const string& name) {
  return name.empty() ? "" : ", user name " + name;
}

string show_token(const secret_place& place, const string& whose = "") {
  const string text = show_place(place);
  return text.empty() ? "" : ", token" + whose + " from " + text;
}

} // namespace

deployment read_tree(const json_text& text, const std::filesystem::path& folder, config_errors& errors) {
  return tree_reader{text, folder, errors}.read();
}

std::optional<secret_place> read_secret_place(const Value& place, const string& pointer,
                                              const std::filesystem::path& folder, config_errors& errors) {
  secret_place out;
  const auto read = [&](const char* name) -> std::optional<string> {
    const auto found = place.IsObject() ? place.FindMember(name) : Value::ConstMemberIterator{};
    const Value* const value = place.IsObject() && found != place.MemberEnd() ? &found->value : nullptr;
    if (value == nullptr || !value->IsString() || value->GetStringLength() == 0)
      return std::nullopt;
    string said{value->GetString(), value->GetStringLength()};
    if (!looks_like_token(said))
      return said;
    errors.add(pointer + "/" + name,
               "what looks like a token stands here: put it in a variable or a file, and the name of that here");
    return std::nullopt;
  };
  if (const auto name = read("env")) {
    if (!is_variable_name(*name))
      errors.add(pointer + "/env", "expected the name of a variable, without a '$'");
    else
      out.environment = *name;
  }
  if (const auto file = read("file")) {
    if (auto path = expanded_path(*file, folder))
      out.file = std::move(path.value());
    else
      errors.add(pointer + "/file", path.error().message);
  }
  if (out == secret_place{})
    return std::nullopt;
  return out;
}

string show_repository(const shown_repository& repository) {
  return "repository " + without_userinfo(repository.source) + ", "
         + (repository.ref.empty() ? "HEAD" : "ref " + repository.ref) + show_follow(repository.follow)
         + show_username(repository.username) + show_token(repository.token)
         + (repository.profile.empty() ? "" : ", profile " + repository.profile.string());
}

string show_forge(const shown_forge& forge) {
  string out = "host " + string{std::ranges::find(forge_rows, forge.kind, &forge_row::kind)->name} + " "
               + without_userinfo(forge.url);
  if (!forge.api.empty())
    out += ", API " + without_userinfo(forge.api);
  out += show_follow(forge.follow);
  if (forge.absent != shown_forge{}.absent)
    out += ", names not there asked for again after " + show_time(forge.absent);
  out += show_username(forge.username) + show_token(forge.token);
  for (const auto& [owner, place] : forge.tokens)
    out += show_token(place, " of " + owner);
  return out;
}

string tree_pointer(const string& path) {
  return "/tree/" + pointer_part(path.empty() ? root : path);
}

} // namespace gitfs
