#include "test/support/mesa_server.hpp"

#include "test/support/command.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace gitfs::test {

namespace {

using json = rapidjson::Writer<rapidjson::StringBuffer>;

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string base64(std::string_view in) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < in.size(); i += 3) {
    std::uint32_t bits = 0;
    const std::size_t have = std::min<std::size_t>(3, in.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < have ? static_cast<unsigned char>(in[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= have ? digits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string iso(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string read_blob(const std::filesystem::path& repository, const std::string& sha) {
  const std::string command = "git -C '" + repository.string() + "' cat-file blob " + sha;
  FILE* const pipe = ::popen(command.c_str(), "re");
  if (pipe == nullptr)
    throw std::runtime_error("cannot run git cat-file");
  std::string out;
  std::array<char, 65536> bytes;
  for (std::size_t got = 0; (got = std::fread(bytes.data(), 1, bytes.size(), pipe)) > 0;)
    out.append(bytes.data(), got);
  if (::pclose(pipe) != 0)
    throw std::runtime_error("git cat-file " + sha + " failed");
  return out;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

const char* type_of(const mesa_entry& entry) {
  return entry.mode == "040000" ? "dir" : entry.mode == "120000" ? "symlink" : "file";
}

using snapshot_map = std::map<std::string, mesa_entry>;

std::vector<const mesa_entry*> children_of(const snapshot_map& all, const std::string& path) {
  std::vector<const mesa_entry*> out;
  for (const auto& [each, entry] : all)
    if (!each.empty() && parent_of(each) == path)
      out.push_back(&entry);
  return out;
}

} // namespace

struct mesa_server::asked {
  explicit asked(const std::string& target) {
    const std::size_t question = target.find('?');
    std::istringstream names{target.substr(0, question)};
    for (std::string part; std::getline(names, part, '/');)
      if (!part.empty())
        path.push_back(decoded(part));
    if (question == std::string::npos)
      return;
    std::istringstream pairs{target.substr(question + 1)};
    for (std::string pair; std::getline(pairs, pair, '&');) {
      const std::size_t equals = pair.find('=');
      query[decoded(pair.substr(0, equals))] = equals == std::string::npos ? "" : decoded(pair.substr(equals + 1));
    }
  }

  std::string get(const std::string& name, const std::string& otherwise = "") const {
    const auto found = query.find(name);
    return found == query.end() ? otherwise : found->second;
  }

  std::vector<std::string> path;
  std::map<std::string, std::string> query;
};

children_unheard::children_unheard() {
  sigset_t of_children;
  sigemptyset(&of_children);
  sigaddset(&of_children, SIGCHLD);
  ::pthread_sigmask(SIG_BLOCK, &of_children, &before_);
}

children_unheard::~children_unheard() {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

mesa_server::mesa_server(std::filesystem::path repository, std::vector<std::string> names, options how)
  : repository_(std::move(repository)),
    how_(std::move(how)),
    names_(std::move(names)),
    server_(repository_.parent_path()) {
  server_.otherwise([this](fault_exchange& exchange) { serve(exchange); });
}

void mesa_server::add(const std::string& name) {
  const std::lock_guard lock{mutex_};
  names_.push_back(name);
}

std::vector<std::string> mesa_server::names() const {
  const std::lock_guard lock{mutex_};
  return names_;
}

std::int64_t mesa_server::time_of(const std::string& path) {
  return 1'500'000'000 + static_cast<std::int64_t>(std::hash<std::string>{}(path) % 100'000'000);
}

std::string mesa_server::answered_id(const mesa_entry& entry) const {
  if (how_.git_ids || entry.mode != "040000")
    return entry.sha;
  std::string out = entry.sha; // of a directory alone, and as long
  std::reverse(out.begin(), out.end());
  return out;
}

const snapshot_map& mesa_server::snapshot(const std::string& ref) {
  const std::lock_guard lock{mutex_};
  const auto commit = run("git rev-parse --verify --quiet --end-of-options '" + ref + "^{commit}'", repository_);
  if (commit.status != 0)
    throw std::out_of_range("no such ref");
  auto [it, is_new] = snapshots_.try_emplace(commit.output);
  if (!is_new)
    return it->second;
  const std::string root = must_run("git rev-parse '" + ref + "^{tree}'", repository_);
  it->second[""] = {"040000", root, ""};
  // run() keeps all bytes but the last newline, and with -z there is none
  std::istringstream lines{must_run("git ls-tree -r -t -l -z --full-tree '" + ref + "' | tr '\\0' '\\n'", repository_)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields{line.substr(0, line.find('\t'))};
    mesa_entry entry;
    std::string type, size;
    fields >> entry.mode >> type >> entry.sha >> size;
    entry.path = line.substr(line.find('\t') + 1);
    entry.size = size == "-" ? 0 : std::stoull(size);
    if (!how_.hidden.contains(entry.path))
      it->second[entry.path] = entry;
  }
  return it->second;
}

std::string mesa_server::repositories(const std::string& org, const asked& what) const {
  std::vector<std::string> all;
  for (const std::string& each : names())
    if (each.starts_with(org + "/"))
      all.push_back(each.substr(org.size() + 1));
  const std::size_t from = std::stoul(what.get("cursor", "0"));
  const std::size_t to =
      std::min(all.size(), from + std::min(how_.page, std::size_t{std::stoul(what.get("limit", "100"))}));
  rapidjson::StringBuffer text;
  json out{text};
  const std::string head = must_run("git rev-parse HEAD", repository_);
  out.StartObject();
  out.Key("repos");
  out.StartArray();
  for (std::size_t i = from; i < to; ++i) {
    out.StartObject();
    out.Key("name"), out.String(all[i].c_str());
    out.Key("default_branch"), out.String("main");
    out.Key("head_sha"), out.String(head.c_str());
    out.EndObject();
  }
  out.EndArray();
  const bool more = to < all.size() || how_.endless;
  out.Key("next_cursor");
  more ? out.String(std::to_string(how_.endless ? from : to).c_str()) : out.Null();
  out.Key("has_more"), out.Bool(more);
  out.EndObject();
  return text.GetString();
}

std::string mesa_server::content(const asked& what, int& status, std::string& type, bool raw) {
  const snapshot_map& all = snapshot(what.get("ref", "HEAD"));
  const std::string path = what.get("path");
  const auto found = all.find(path);
  if (found == all.end()) {
    status = 404;
    return R"({"error":"no such path"})";
  }
  rapidjson::StringBuffer text;
  json out{text};
  const auto facts = [&](const mesa_entry& entry) {
    out.Key("type"), out.String(type_of(entry));
    out.Key("name"), out.String(last_part(entry.path).c_str());
    out.Key("path"), out.String(entry.path.c_str());
    out.Key("sha"), out.String(answered_id(entry).c_str());
    out.Key("last_commit_at"), out.String(iso(time_of(entry.path)).c_str());
    if (entry.mode != "040000") {
      out.Key("size"), out.Uint64(entry.size);
      out.Key("executable"), out.Bool(entry.mode == "100755");
    }
  };
  const auto entries = [&](auto& self, const mesa_entry& dir, std::size_t from, std::size_t depth) -> void {
    const auto children = children_of(all, dir.path);
    const std::size_t to = std::min(children.size(), from + how_.page);
    out.Key("child_count"), out.Uint64(children.size());
    out.Key("entries");
    out.StartArray();
    for (std::size_t i = std::min(from, to); i < to; ++i) {
      out.StartObject();
      facts(*children[i]);
      if (children[i]->mode == "040000" && depth > 1)
        self(self, *children[i], 0, depth - 1);
      out.EndObject();
    }
    out.EndArray();
    const bool more = to < children.size() || how_.endless;
    out.Key("next_cursor");
    more ? out.String(("after " + std::to_string(how_.endless ? from : to)).c_str()) : out.Null();
    out.Key("has_more"), out.Bool(more);
  };
  const mesa_entry& entry = found->second;
  out.StartObject();
  if (entry.mode == "040000") {
    facts(entry);
    const std::string cursor = what.get("cursor", "after 0");
    entries(entries, entry, std::stoul(cursor.substr(6)),
            std::min(how_.deepest, std::size_t{std::stoul(what.get("depth", "1"))}));
  } else {
    const std::string bytes = read_blob(repository_, entry.sha);
    if (raw) {
      type = "application/octet-stream";
      return bytes;
    }
    facts(entry);
    out.Key("encoding"), out.String("base64");
    out.Key("content"), out.String(base64(bytes).c_str());
  }
  out.EndObject();
  return text.GetString();
}

std::string mesa_server::answer(const recorded_request& request, int& status, std::string& type) {
  status = 200;
  type = "application/json";
  const auto header = [&](const char* name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string{} : found->second;
  };
  const asked what{request.target.substr(4)}; // behind "/api"
  if (header("authorization") != "Bearer " + how_.key) {
    status = 401;
    return R"({"error":"wrong key"})";
  }
  const std::vector<std::string> all = names();
  const auto org_known = [&](const std::string& org) {
    return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.starts_with(org + "/"); });
  };
  if (what.path.size() == 2 && what.path[1] == "repos" && org_known(what.path[0]))
    return repositories(what.path[0], what);
  const bool known =
      what.path.size() >= 2 && std::find(all.begin(), all.end(), what.path[0] + "/" + what.path[1]) != all.end();
  try {
    if (known && what.path.size() == 2)
      return R"({"default_branch":"main","head_sha":")" + must_run("git rev-parse HEAD", repository_) + "\"}";
    if (known && what.path.size() == 3 && what.path[2] == "content")
      return content(what, status, type, header("accept") == "application/octet-stream");
  } catch (const std::out_of_range&) {
  }
  status = 404;
  return R"({"error":"not found"})";
}

void mesa_server::serve(fault_exchange& exchange) {
  int status = 200;
  std::string type;
  const std::string body = answer(exchange.request, status, type);
  exchange.reply(status, {"Content-Type: " + type}, body);
}

std::vector<std::string> mesa_server::targets() const {
  std::vector<std::string> out;
  for (const recorded_request& each : server_.requests())
    out.push_back(each.target.substr(4));
  return out;
}

} // namespace gitfs::test
