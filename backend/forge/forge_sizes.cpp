// Sizes of blobs by the REST APIs of forges: whole directories at once where the API lists trees, else by path.
#include "backend/forge/forges.hpp"
#include "backend/os/url.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <optional>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unordered_set>
#include <utility>

namespace gitfs {

namespace {

/// A number, or one in a string, as GraphQL's BigInt is.
std::optional<std::uint64_t> size_member(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd())
    return std::nullopt;
  if (found->value.IsUint64())
    return found->value.GetUint64();
  const std::string text = string_member(object, name);
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoull(text);
}

/// What is wanted, and what was found of it.
class search {
public:
  explicit search(std::span<const oid> wanted) : open_(wanted.begin(), wanted.end()) {}

  void take(const oid& blob, std::uint64_t size) {
    open_.erase(blob);
    found_.emplace_back(blob, size);
  }
  bool wants(const oid& blob) const { return open_.contains(blob); }
  bool done() const { return open_.empty(); }
  blob_sizes found() && { return std::move(found_); }

private:
  std::unordered_set<oid> open_;
  blob_sizes found_;
};

/// GET …/git/trees/TREE?recursive=1 gives all below a tree, unless that is too much: then what is below its
/// directories.
class tree_sizes final : public size_source {
public:
  /// `pages`: an answer has at most so many entries, and further pages have the rest; 0: there are no pages.
  tree_sizes(std::shared_ptr<forge_access> access, std::string owner, std::string path, unsigned pages)
    : access_(std::move(access)),
      owner_(std::move(owner)),
      path_(std::move(path)),
      pages_(pages) {}

  result<blob_sizes> sizes(std::span<const oid> wanted, tree_index& where, std::stop_token stop) override {
    search out{wanted};
    std::unordered_set<oid> by_themselves; // directories, for now: the forge may tell more the next time
    // of a snapshot that nobody asked about yet, without looking where the blobs are
    if (!where.roots().empty() && !requested_.contains(where.roots().front().tree)) {
      GITFS_TRYV(ask(out, where.roots().front().tree, true, stop));
    }
    for (const oid& blob : wanted) {
      if (out.done())
        break;
      if (!out.wants(blob))
        continue;
      const std::vector<oid> trees = where.trees_to(blob);
      for (std::size_t i = 0; i < trees.size() && out.wants(blob); ++i)
        if (!requested_.contains(trees[i])) {
          GITFS_TRYV(ask(out, trees[i], true, stop));
        }
      // what is cut off even of its own directory, or was forgotten since
      if (!trees.empty() && out.wants(blob) && by_themselves.insert(trees.back()).second) {
        GITFS_TRYV(ask(out, trees.back(), false, stop));
      }
    }
    return std::move(out).found();
  }

private:
  result<void> ask(search& out, const oid& tree, bool recursive, const std::stop_token& stop) {
    // more pages than this for a whole repository take longer than the directories that somebody looks into
    constexpr unsigned most_pages = 20, most_of_one = 200; // of one directory: a forge must not ask for ever
    const std::string base = "/repos/" + path_ + "/git/trees/" + tree.hex();
    for (unsigned page = 1;; ++page) {
      std::string query = recursive ? "?recursive=1" : "";
      if (pages_ != 0)
        query += fmt::format("{}per_page={}&page={}", query.empty() ? "?" : "&", pages_, page);
      GITFS_TRY(answer, access_->get_object(owner_, base + query, stop, on_rate_limit::fails));
      GITFS_TRY(read, take(out, *answer.body));
      const auto cut = answer.body->FindMember("truncated");
      const bool more = cut != answer.body->MemberEnd() && cut->value.IsBool() && cut->value.GetBool();
      if (pages_ == 0 || !more || read == 0 || page == (recursive ? most_pages : most_of_one))
        break;
    }
    requested_.insert(tree);
    return success();
  }

  /// How many entries there were.
  result<std::size_t> take(search& out, const rapidjson::Document& answer) const {
    const auto list = answer.FindMember("tree");
    if (list == answer.MemberEnd() || !list->value.IsArray())
      return fail(EIO, access_->api().display() + ": the answer lists no tree");
    for (const auto& entry : list->value.GetArray()) {
      if (string_member(entry, "type") != "blob")
        continue;
      const auto blob = oid::from_hex(string_member(entry, "sha"));
      const auto size = size_member(entry, "size");
      if (blob && size)
        out.take(*blob, *size);
    }
    return std::size_t{list->value.Size()};
  }

  const std::shared_ptr<forge_access> access_;
  const std::string owner_, path_;
  const unsigned pages_;
  std::unordered_set<oid> requested_; ///< trees, with all below them; what the forge left out is asked for further down
};

/// GitLab lists trees without sizes; its GraphQL API tells those of blobs at given paths.
class gitlab_sizes final : public size_source {
public:
  gitlab_sizes(std::shared_ptr<forge_access> access, std::string owner, std::string path)
    : access_(std::move(access)),
      owner_(std::move(owner)),
      path_(std::move(path)) {}

  result<blob_sizes> sizes(std::span<const oid> wanted, tree_index& where, std::stop_token stop) override {
    constexpr std::size_t most_paths = 100; // as many as one page of the answer has
    search out{wanted};
    std::vector<tree_index::place> places;
    for (const oid& blob : wanted) {
      if (auto place = where.find(blob))
        places.push_back(std::move(*place));
    }
    // one commit a question
    std::stable_sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.commit < b.commit; });
    for (auto at = places.begin(); at != places.end();) {
      auto end = at;
      while (end != places.end() && end->commit == at->commit && end - at < static_cast<std::ptrdiff_t>(most_paths))
        ++end;
      GITFS_TRYV(ask(out, {at, end}, stop));
      at = end;
    }
    return std::move(out).found();
  }

private:
  std::string question(std::span<const tree_index::place> places) const {
    rapidjson::StringBuffer text;
    rapidjson::Writer<rapidjson::StringBuffer> json{text};
    json.StartObject();
    json.Key("query");
    json.String("query($project:ID!,$ref:String!,$paths:[String!]!){project(fullPath:$project){repository{"
                "blobs(ref:$ref,paths:$paths){nodes{oid size}}}}}");
    json.Key("variables");
    json.StartObject();
    json.Key("project");
    json.String(path_.c_str());
    json.Key("ref");
    json.String(places.front().commit.hex().c_str());
    json.Key("paths");
    json.StartArray();
    for (const auto& each : places)
      json.String(each.path.data(), static_cast<rapidjson::SizeType>(each.path.size()));
    json.EndArray();
    json.EndObject();
    json.EndObject();
    return {text.GetString(), text.GetSize()};
  }

  result<void> ask(search& out, std::span<const tree_index::place> places, const std::stop_token& stop) {
    rest_client& api = access_->api();
    std::string url = api.display(); // "…/api/v4": GraphQL stands beside it
    url = url.substr(0, url.rfind('/')) + "/graphql";
    const std::string body = question(places);
    GITFS_TRY(answer, access_->as<rest_answer>(
                          owner_, stop, [&](const std::string& token) { return api.post(url, body, token, stop); },
                          on_rate_limit::fails));
    const rapidjson::Value* at = answer.body.get();
    for (const char* name : {"data", "project", "repository", "blobs", "nodes"}) {
      const auto next = at->IsObject() ? at->FindMember(name) : rapidjson::Value::ConstMemberIterator{};
      if (!at->IsObject() || next == at->MemberEnd() || next->value.IsNull())
        return fail(EACCES,
                    api.display() + ": GraphQL tells nothing of " + path_ + "; a private project needs a token");
      at = &next->value;
    }
    if (at->IsArray())
      for (const auto& node : at->GetArray()) {
        const auto blob = oid::from_hex(string_member(node, "oid"));
        const auto size = node.IsObject() ? size_member(node, "size") : std::nullopt;
        if (blob && size)
          out.take(*blob, *size);
      }
    return success();
  }

  const std::shared_ptr<forge_access> access_;
  const std::string owner_, path_;
};

/// A token that is refused, or cannot be read, is perhaps just being replaced where it is kept.
class with_kept_token final : public size_source {
public:
  with_kept_token(std::shared_ptr<size_source> wrapped, std::shared_ptr<forge_access> access, std::string owner)
    : wrapped_(std::move(wrapped)),
      access_(std::move(access)),
      owner_(std::move(owner)) {}

  result<blob_sizes> sizes(std::span<const oid> wanted, tree_index& where, std::stop_token stop) override {
    auto out = wrapped_->sizes(wanted, where, std::move(stop));
    if (!out && out.error().code == EACCES && access_->may_change(owner_))
      return fail(EAGAIN, out.error().message);
    return out;
  }

private:
  const std::shared_ptr<size_source> wrapped_;
  const std::shared_ptr<forge_access> access_;
  const std::string owner_;
};

std::shared_ptr<size_source> sizes_of_kind(forge_kind kind, std::shared_ptr<forge_access> access,
                                           const std::string& owner, const std::string& path) {
  constexpr unsigned gitea_pages = 1000; // its usual limit
  switch (kind) {
  case forge_kind::github:
    return std::make_shared<tree_sizes>(std::move(access), owner, path, 0);
  case forge_kind::gitea:
    return std::make_shared<tree_sizes>(std::move(access), owner, path, gitea_pages);
  case forge_kind::gitlab:
    return std::make_shared<gitlab_sizes>(std::move(access), owner, path);
  case forge_kind::mesa:
  case forge_kind::git:
    break;
  }
  return nullptr;
}

} // namespace

std::shared_ptr<size_source> forge_sizes(forge_kind kind, std::shared_ptr<forge_access> access,
                                         const std::string& owner, const std::string& path) {
  auto sizes = sizes_of_kind(kind, access, owner, path);
  return sizes ? std::make_shared<with_kept_token>(std::move(sizes), std::move(access), owner) : nullptr;
}

} // namespace gitfs
