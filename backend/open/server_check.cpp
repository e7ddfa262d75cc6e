#include "backend/open/server_check.hpp"

#include "backend/forge/forge_access.hpp"
#include "backend/forge/forges.hpp"
#include "backend/open/backend_services.hpp"
#include "backend/open/entry_source.hpp"
#include "backend/open/git_repository.hpp"
#include "backend/open/make_forge.hpp"
#include "backend/remote/git_upstream.hpp"
#include "config/option_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

namespace gitfs {

using std::string;

namespace {

constexpr std::chrono::seconds patience{30};
constexpr std::size_t most_threads = 8;

// Nothing is fetched.
class no_store final : public pack_receiver {
public:
  result<std::unique_ptr<pack_sink>> new_pack(pack_use) override { return fail(ENOTSUP, "nothing is to be fetched"); }
  bool contains(const oid&) override { return false; }
};

struct asking {
  const mount_options& options;
  const secret_reader& read_secret;
  upstream_limits limits;
  std::shared_ptr<backend_services> services;
};

string at(const string& ref, const oid& commit) {
  return (ref.empty() ? "" : ref + " ") + "at " + commit.hex();
}

result<string> ask(const shown_repository& entry, const asking& with) {
  GITFS_TRY(from, source_of(entry, with.read_secret));
  if (from.kind == source::kind_type::local) {
    GITFS_TRY(opened, open_repository(from, with.options, nullptr));
    GITFS_TRY(facts, opened->resolve(entry.ref, std::nullopt, {}));
    return "a repository of this machine, " + at(facts.ref, facts.commit);
  }
  no_store nothing;
  GITFS_TRY(server, git_upstream::create(
                        from, nothing, [](auto&&) {}, with.limits, {}, shared_http(with.services),
                        shared_workers(with.services)));
  // A server can be asked for a commit only by fetching it.
  const bool is_commit = is_commit_id(entry.ref);
  GITFS_TRY(found, server->resolve(is_commit ? "" : entry.ref));
  return from.display + " lets us in: "
         + (is_commit ? "whether it has the commit is seen when somebody enters it" : at(found.name, found.commit));
}

result<string> ask_api(const shown_forge& forge, const secret_place& token, const asking& with) {
  const string usual = usual_api(forge.kind, forge.url);
  rest_options api = forge_options(forge.kind, forge.api.empty() ? usual : forge.api);
  api.limits = with.limits;
  api.client = shared_http(with.services);
  forge_access access{forge.url, std::move(api), {token, {}, with.read_secret}};
  auto who = access.get_object("", "/user", {});
  if (!who && who.error().code == EACCES && token == secret_place{})
    return access.api().display() + " answers; without a token only what is public is shown";
  if (!who)
    return who.as_failure();
  for (const char* key : {"login", "username"})
    if (const auto name = who.value().body->FindMember(key);
        name != who.value().body->MemberEnd() && name->value.IsString())
      return access.api().display() + " lets us in as " + name->value.GetString();
  return access.api().display() + " lets us in";
}

// Of mesa organisations are asked for by name alone.
result<string> list(const shown_forge& forge, const string& owner, const asking& with) {
  forge_needs needs;
  needs.read_secret = with.read_secret;
  needs.limits = with.limits;
  needs.client = shared_http(with.services);
  GITFS_TRY(made, make_forge(forge, needs));
  const std::vector<string> path{owner};
  const auto listed = owner.empty() ? made->list({}, {}) : made->list(path, {});
  if (listed)
    return fmt::format("{} lets us in, and has {} names there", made->display(), listed.value().size());
  if (listed.error().code == ENOTSUP)
    return made->display() + " cannot be asked without a name: what is there is seen when somebody enters it";
  return listed.as_failure();
}

result<string> ask(const shown_forge& forge, const string& owner, const secret_place& token, const asking& with) {
  return usual_api(forge.kind, forge.url).empty() ? list(forge, owner, with) : ask_api(forge, token, with);
}

using question = std::function<result<string>()>;

// Threads of its own, since each question blocks. What is thrown is the answer to that question alone.
std::vector<result<string>> answers_to(const std::vector<question>& questions) {
  std::vector<result<string>> out(questions.size(), fail(ECANCELED, "it was not asked"));
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < questions.size(); i = next++)
      try {
        out[i] = questions[i]();
      } catch (const std::exception& thrown) {
        out[i] = fail(EIO, thrown.what());
      }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(questions.size(), most_threads); ++i)
    threads.emplace_back(work);
  work();
  threads.clear(); // waits for them
  return out;
}

} // namespace

std::vector<server_answer> ask_servers(const mount_options& options, const secret_reader& read_secret) {
  asking with{options, read_secret, limits_of(options), std::make_shared<backend_services>()};
  with.limits.total = std::min<std::chrono::milliseconds>(with.limits.total, patience);
  with.limits.wait_at_first = false;
  std::vector<server_answer> out;
  std::vector<question> questions;
  const auto add = [&](const string& path, const string& about, question one) {
    out.push_back({path, about, string{}});
    questions.push_back(std::move(one));
  };
  const deployment tree = options.tree.value_or(deployment{});
  for (const shown_repository& each : tree.repositories)
    add(each.path, "", [&] { return ask(each, with); });
  for (const shown_forge& each : tree.forges) {
    if (each.token != secret_place{} || each.tokens.empty())
      add(each.path, "", [&] { return ask(each, "", each.token, with); });
    for (const auto& [owner, place] : each.tokens)
      add(each.path, "token of " + owner, [&, name = owner, place] { return ask(each, name, place, with); });
  }
  auto said = answers_to(questions);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i].said = std::move(said[i]);
  return out;
}

} // namespace gitfs
