#include "backend/store/local_refs.hpp"

#include "backend/git/commit.hpp"
#include "backend/git/ref_names.hpp"
#include "backend/store/disk/git_odb.hpp"

#include <git2.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

constexpr std::string_view suffix_marks = "~^";

struct freed_by_libgit2 {
  void operator()(git_object* what) const { git_object_free(what); }
  void operator()(git_reference* what) const { git_reference_free(what); }
  void operator()(git_odb* what) const { git_odb_free(what); }
};
template <class T>
using owned = std::unique_ptr<T, freed_by_libgit2>;

/// One step of an expression: to the parent number `count` (^N), or so many first parents back (~N). Without a count,
/// the step only leads through tags to the commit (^{}, ^{commit}).
struct step {
  bool back = false;
  std::optional<unsigned> count{};
};

/// Splits a revision such as "main~2^{commit}^2" into its name and its steps. None: the revision has something else in
/// it, which libgit2 may know.
std::optional<std::pair<std::string, std::vector<step>>> take_apart(const std::string& revision) {
  const std::size_t begin = revision.find_first_of(suffix_marks);
  std::pair<std::string, std::vector<step>> out{revision.substr(0, begin), {}};
  if (out.first.empty() || out.first.find_first_of(":@") != std::string::npos)
    return std::nullopt;
  std::string_view rest = std::string_view{revision}.substr(begin);
  while (!rest.empty()) {
    step one;
    if (suffix_marks.find(rest.front()) == std::string_view::npos)
      return std::nullopt;
    one.back = rest.front() == '~';
    rest.remove_prefix(1);
    const auto peel = [&](std::string_view words) {
      const bool found = !one.back && rest.starts_with(words);
      rest.remove_prefix(found ? words.size() : 0);
      return found;
    };
    if (!peel("{}") && !peel("{commit}")) {
      unsigned count = 1;
      const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
      if (failure == std::errc::result_out_of_range)
        return std::nullopt;
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
      one.count = count;
    }
    out.second.push_back(one);
  }
  return out;
}

class finder {
public:
  finder(git_repository* repository, object_db& objects, const std::string& path)
    : repository_(repository),
      objects_(objects),
      path_(path) {}

  result<resolved_ref> head() const {
    git_reference* found = nullptr;
    // Only this function of libgit2 tells a branch without commits from a broken repository.
    const int status = git_repository_head(&found, repository_);
    const owned<git_reference> owner{found};
    return status == 0 ? commit_of(found) : result<resolved_ref>{BOOST_OUTCOME_V2_NAMESPACE::failure(why(status, ""))};
  }

  result<resolved_ref> find(const std::string& revision) const {
    if (revision.find_first_of(suffix_marks) == std::string::npos)
      return name(revision, false);
    const auto parts = take_apart(revision);
    if (!parts)
      return expression(revision);
    GITFS_TRY(at, is_head(parts->first) ? head() : name(parts->first, true));
    for (const step& each : parts->second) {
      GITFS_TRY(next, follow(each, at.commit, revision));
      at.commit = next;
    }
    return resolved_ref{at.commit, ""};
  }

private:
  /// Resolves a name without ~N or ^N behind it.
  result<resolved_ref> name(const std::string& given, bool in_expression) const {
    if (const auto id = oid::from_hex(given))
      return commit_of(*id, given);
    for (const std::string& candidate : ref_candidates(given, in_expression)) {
      git_reference* named = nullptr;
      git_reference* found = nullptr;
      if (git_reference_lookup(&named, repository_, candidate.c_str()) != 0)
        continue;
      const owned<git_reference> named_owner{named};
      if (git_reference_resolve(&found, named) != 0)
        continue;
      const owned<git_reference> owner{found};
      GITFS_TRY(out, commit_of(found));
      if (const std::string tag = namesake_tag(given, candidate); !tag.empty() && is_there(tag))
        out.namesake = tag;
      return out;
    }
    if (auto id = abbreviated(given)) {
      GITFS_TRY(whole, std::move(*id));
      return commit_of(whole, given);
    }
    return expression(given);
  }

  bool is_there(const std::string& full_name) const {
    git_oid ignored;
    return git_reference_name_to_id(&ignored, repository_, full_name.c_str()) == 0;
  }

  /// The object id that begins with `text`. None: `text` is no abbreviated id, or no object begins so.
  std::optional<result<oid>> abbreviated(const std::string& text) const {
    git_oid short_id, whole;
    git_odb* objects = nullptr;
    if (text.size() < GIT_OID_MINPREFIXLEN || text.size() >= oid::hex_size
        || text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos
        || git_oid_fromstrn(&short_id, text.data(), text.size()) != 0 || git_repository_odb(&objects, repository_) != 0)
      return std::nullopt;
    const owned<git_odb> owner{objects};
    const int status = git_odb_exists_prefix(&whole, objects, &short_id, text.size());
    if (status == GIT_EAMBIGUOUS)
      return result<oid>{BOOST_OUTCOME_V2_NAMESPACE::failure(why(status, text))};
    return status == 0 ? std::optional{result<oid>{oid::from_raw(whole.id)}} : std::nullopt;
  }

  result<resolved_ref> commit_of(git_reference* resolved) const {
    const std::string full_name = git_reference_name(resolved);
    GITFS_TRY(out, commit_of(oid::from_raw(git_reference_target(resolved)->id), full_name));
    out.name = full_name;
    return out;
  }

  result<resolved_ref> commit_of(const oid& id, const std::string& given) const {
    auto commit = peel_to_commit(objects_, id);
    if (!commit && commit.error().code == ENOENT)
      return fail(ENOENT, path_ + " has no branch, tag or commit '" + given + "' (" + commit.error().message + ")");
    if (!commit)
      return fail(EINVAL, "'" + given + "' in " + path_ + " is not a commit (" + commit.error().message + ")");
    return resolved_ref{commit.value(), ""};
  }

  result<oid> follow(const step& how, oid commit, const std::string& revision) const {
    if (!how.count || (*how.count == 0 && !how.back))
      return commit;
    for (unsigned left = how.back ? *how.count : 1; left != 0; --left) {
      GITFS_TRY(raw, objects_.read(commit));
      GITFS_TRY(parsed, parse_commit(raw.data()));
      const std::size_t number = how.back ? 0 : *how.count - 1;
      if (number >= parsed.parents.size())
        return fail(ENOENT, path_ + " has no commit '" + revision + "': " + commit.hex() + " has "
                                + std::to_string(parsed.parents.size()) + " parents");
      commit = parsed.parents[number];
    }
    return commit;
  }

  /// Has libgit2 evaluate the expression. It refuses commits that it cannot parse, so this is the last resort.
  result<resolved_ref> expression(const std::string& revision) const {
    git_object* named = nullptr;
    git_reference* reference = nullptr;
    const int status = git_revparse_ext(&named, &reference, repository_, revision.c_str());
    const owned<git_object> owner{named};
    const owned<git_reference> reference_owner{reference};
    if (status != 0)
      return BOOST_OUTCOME_V2_NAMESPACE::failure(why(status, revision));
    GITFS_TRY(out, commit_of(oid::from_raw(git_object_id(named)->id), revision));
    if (reference != nullptr)
      out.name = git_reference_name(reference);
    return out;
  }

  error why(int status, const std::string& revision) const {
    if (revision.empty() && (status == GIT_EUNBORNBRANCH || status == GIT_ENOTFOUND))
      return {ENOENT, path_ + " has no commit that HEAD points to; name a branch, a tag or a commit"};
    if (status == GIT_ENOTFOUND)
      return {ENOENT, path_ + " has no branch, tag or commit '" + revision + "'"};
    if (status == GIT_EAMBIGUOUS)
      return {EINVAL, "'" + revision + "' is ambiguous in " + path_};
    return libgit2_error("cannot resolve '" + (revision.empty() ? "HEAD" : revision) + "' in " + path_, EINVAL);
  }

  git_repository* const repository_;
  object_db& objects_;
  const std::string& path_;
};

} // namespace

result<resolved_ref> resolve_local_ref(git_repository* repository, object_db& objects, const std::string& revision,
                                       const std::string& path) {
  const finder of{repository, objects, path};
  return is_head(revision) ? of.head() : of.find(revision);
}

} // namespace gitfs
