#include "backend/mesa/mesa_client.hpp"

#include <rapidjson/error/en.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t longest_answer = std::size_t{64} << 20; // of JSON: it is in memory, and taken apart there

rest_options options_for(std::string base, const upstream_limits& limits, std::shared_ptr<http_client> client) {
  rest_options out;
  out.base = std::move(base);
  out.limits = limits;
  out.cache_limit = 0;         // what is asked for is named by a commit, or was never asked for before
  out.waits_for_limits = true; // there is no other way to get what is asked for
  out.client = std::move(client);
  return out;
}

attempt_failure with_name(const std::string& display, error what, bool transient = false) {
  if (!what.message.starts_with(display))
    what.message = display + ": " + what.message;
  return {std::move(what), transient};
}

} // namespace

mesa_client::mesa_client(std::string base, upstream_limits limits, mesa_key_source keys,
                         std::shared_ptr<http_client> client)
  : limits_(limits),
    keys_(std::move(keys)),
    rest_(options_for(std::move(base), limits_, std::move(client))) {}

operation mesa_client::begin(std::stop_token stop) const {
  return {std::move(stop), std::chrono::steady_clock::now() + limits_.total};
}

result<void> mesa_client::ask(operation& op, const std::string& org, const std::string& path,
                              const mesa_progress& progress, const json_reader& use) {
  GITFS_TRY(key, keys_(org));
  const auto read = [&](http_exchange& exchange) -> attempt_result {
    const std::string type = exchange.head().content_type;
    if (type == "text/html")
      return with_name(display(), {EIO, "the answer is a web page; check that this is the URL of the service's API"});
    std::string body, piece;
    while (exchange.read(piece)) {
      if (progress)
        if (auto going = progress(piece); !going)
          return attempt_failure{std::move(going.error())};
      if (body.size() + piece.size() > longest_answer)
        return with_name(display(), {EFBIG, "an answer is longer than " + std::to_string(longest_answer) + " bytes"});
      body += piece;
    }
    if (exchange.end().failure != 0)
      return cut_off(exchange);
    rapidjson::Document parsed;
    // iterative: an answer may be nested as deep as it likes
    parsed.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(body.data(), body.size());
    if (parsed.HasParseError()) {
      const bool early = parsed.GetErrorOffset() >= body.size();
      return with_name(display(),
                       {EIO, std::string{early ? "the service's answer was cut off" : "the service's answer is no JSON"}
                                 + " (byte " + std::to_string(parsed.GetErrorOffset()) + ": "
                                 + rapidjson::GetParseError_En(parsed.GetParseError()) + ")"},
                       early);
    }
    if (auto used = use(parsed); !used)
      return with_name(display(), std::move(used.error()));
    return {};
  };
  return rest_.get_with(op, path, "application/json", key, read);
}

result<mesa_repository_facts> mesa_client::repository(operation& op, const std::string& org, const std::string& name) {
  mesa_repository_facts out;
  GITFS_TRYV(ask(op, org, mesa_repository_path(org, name), nullptr, [&](const auto& json) -> result<void> {
    GITFS_TRY(facts, parse_mesa_repository(json));
    out = std::move(facts);
    return success();
  }));
  out.name = name;
  return out;
}

result<mesa_client::repository_list> mesa_client::repositories(operation& op, const std::string& org, bool first_page) {
  repository_list out;
  std::set<std::string> seen;
  std::string cursor;
  do {
    if (!seen.insert(cursor).second)
      return fail(EIO, display() + ": the service's list of the repositories of " + org + " has no end");
    GITFS_TRYV(ask(op, org, mesa_repositories_path(org, cursor), nullptr, [&](const auto& json) -> result<void> {
      GITFS_TRY(some, parse_mesa_repositories(json));
      GITFS_TRY(next, parse_mesa_cursor(json));
      std::move(some.begin(), some.end(), std::back_inserter(out.repositories));
      cursor = std::move(next);
      return success();
    }));
  } while (!cursor.empty() && !first_page);
  out.complete = cursor.empty();
  return out;
}

result<std::vector<mesa_page>> mesa_client::list(operation& op, const directory& what, const mesa_progress& progress) {
  std::vector<mesa_page> out;
  GITFS_TRYV(ask(op, what.org,
                 mesa_content_path(what.org, what.repository, what.ref, what.path, std::max<std::size_t>(what.depth, 1),
                                   what.cursor),
                 progress, [&](const auto& json) -> result<void> {
                   GITFS_TRY(pages, parse_mesa_directory(json, what.path, what.depth));
                   out = std::move(pages);
                   return success();
                 }));
  return out;
}

result<void> mesa_client::read_file(operation& op, const directory& what, const std::function<result<void>()>& begin,
                                    const mesa_progress& progress) {
  GITFS_TRY(key, keys_(what.org));
  const auto read = [&](http_exchange& exchange) -> attempt_result {
    if (auto begun = begin(); !begun)
      return attempt_failure{std::move(begun.error())};
    std::string piece;
    while (exchange.read(piece))
      if (auto going = progress(piece); !going)
        return with_name(display(), std::move(going.error()));
    if (exchange.end().failure != 0)
      return cut_off(exchange);
    return {};
  };
  return rest_.get_with(op, mesa_content_path(what.org, what.repository, what.ref, what.path, 0, {}),
                        "application/octet-stream", key, read);
}

result<std::string> mesa_client::read_link(operation& op, const directory& what, const mesa_progress& progress) {
  std::string out;
  GITFS_TRYV(ask(op, what.org, mesa_content_path(what.org, what.repository, what.ref, what.path, 0, {}), progress,
                 [&](const auto& json) -> result<void> {
                   GITFS_TRY(contents, parse_mesa_contents(json));
                   out = std::move(contents);
                   return success();
                 }));
  return out;
}

} // namespace gitfs
