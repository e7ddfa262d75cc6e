#include "backend/mesa_upstream.hpp"

#include "backend/capabilities.hpp"
#include "backend/composed_pack.hpp"
#include "backend/sha1.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t all_levels = 64; // what the service does not list at once is asked for again, deeper
constexpr std::uint64_t streamed = std::uint64_t{1} << 20;            // a blob from here on is not whole in memory
constexpr std::uint64_t most_without_size = std::uint64_t{256} << 20; // of a blob that was listed without one
constexpr std::size_t pack_bytes = std::size_t{8} << 20; // small blobs go to the store in packs of this length
constexpr std::size_t most_entries = 1'000'000;          // of a directory: a service that never repeats must end too
constexpr unsigned most_misses = 16;                     // objects that failed; more are the service's failure

error described(error what, const std::string& object) {
  what.message += " (" + printable(object) + ")";
  return what;
}

/// True of what the next object may not meet.
bool is_of_one_object(int code) {
  constexpr std::array codes{ENOENT, EIO, ENOTDIR, EBADMSG};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// What a transfer is for; shared by its units.
struct job {
  fetch_request request;
  bool whole = false;    ///< all that is below is listed, too
  bool together = false; ///< several directories were asked for in one request
  std::mutex mutex;
  std::optional<error> miss; ///< why an object is missing
  unsigned misses = 0;
  bool told_long = false;
  std::unordered_set<std::string> listed; ///< of `whole`: paths that are asked for, or have come
  std::unordered_set<std::string> again;  ///< and those asked for again for what is below them
  composed_pack pack;
};

using job_ptr = std::shared_ptr<job>;

} // namespace

struct mesa_upstream::state {
  state(std::shared_ptr<mesa_client> c, std::string o, std::string r, std::shared_ptr<mesa_objects> db)
    : client(std::move(c)),
      org(std::move(o)),
      repository(std::move(r)),
      objects(std::move(db)),
      transfers(client->limits().parallel) {}

  /// A directory of which some pages have come.
  struct listing_so_far {
    mesa_listing listed;
    std::set<std::string> cursors;
    std::unordered_set<std::string> names;
  };

  operation begin(const job& j, mesa_transfer& t) const;
  mesa_progress progress_of(const job_ptr& j, mesa_transfer& t) const;
  void missed(job& j, mesa_transfer& t, error what) const;
  void end(job& j, transfer_outcome& out) const;

  void learn_stored(std::span<const oid> wanted);
  bool knows(const oid& id) const { return index.find_tree(id) || index.find_parent(id); }

  void begin_fetch(const job_ptr& j, mesa_transfer& t);
  void ask_for_trees(const job_ptr& j, mesa_transfer& t, std::span<const oid> trees, bool together);
  void list(const job_ptr& j, mesa_transfer& t, const mesa_question& what);
  void list_more(const job_ptr& j, mesa_transfer& t, const mesa_question& what, const std::string& cursor,
                 const std::shared_ptr<listing_so_far>& before);
  void take_pages(const job_ptr& j, mesa_transfer& t, const std::string& ref, std::vector<mesa_page> pages);
  void list_below(const job_ptr& j, mesa_transfer& t, const std::string& ref, const mesa_listing& listed, bool nested);
  result<void> keep(std::span<const mesa_listing> listings);

  void ask_for_blobs(const job_ptr& j, mesa_transfer& t, std::span<const oid> blobs);
  void bring(const job_ptr& j, mesa_transfer& t, const oid& id, entry_kind kind, const mesa_client::directory& where);
  result<void> bring_small(const job_ptr& j, mesa_transfer& t, operation& op, const oid& id, entry_kind kind,
                           std::uint64_t size, const mesa_client::directory& where);
  result<void> bring_large(const job_ptr& j, mesa_transfer& t, operation& op, const oid& id, std::uint64_t size,
                           const mesa_client::directory& where);
  result<void> flush(job& j, std::size_t from_bytes);

  void begin_sizes(const job_ptr& j, mesa_transfer& t);

  const std::shared_ptr<mesa_client> client;
  const std::string org, repository;
  const std::shared_ptr<mesa_objects> objects;
  mesa_index index;
  std::mutex mutex;
  std::unordered_map<oid, std::pair<oid, std::string>> snapshots; ///< root and ref of each commit
  mesa_transfers transfers;                                       ///< last: its threads use everything above
};

operation mesa_upstream::state::begin(const job& j, mesa_transfer& t) const {
  operation op = client->begin(t.stop());
  op.arrived = t.arrived;
  op.traceparent = j.request.traceparent;
  return op;
}

mesa_progress mesa_upstream::state::progress_of(const job_ptr& j, mesa_transfer& t) const {
  return [j, &t](std::string_view) -> result<void> {
    const std::uint64_t arrived = *t.arrived;
    const fetch_request& r = j->request;
    if (r.byte_limit != 0 && arrived > r.byte_limit)
      return gitfs::fail(EFBIG, "the answers are longer than the limit of " + std::to_string(r.byte_limit) + " bytes");
    if (t.failed()) // there is no use in the rest
      return gitfs::fail(ECANCELED, "the request was cancelled");
    if (r.grew_long && arrived > r.long_from) {
      const std::lock_guard lock{j->mutex};
      if (!std::exchange(j->told_long, true))
        r.grew_long();
    }
    return success();
  };
}

void mesa_upstream::state::missed(job& j, mesa_transfer& t, error what) const {
  const bool of_one = is_of_one_object(what.code);
  std::unique_lock lock{j.mutex};
  const bool too_many = what.code == EIO && ++j.misses > most_misses;
  if (!j.miss)
    j.miss = what;
  lock.unlock();
  if (!of_one || too_many)
    t.fail(std::move(what));
  else
    spdlog::debug("{}", what.message);
}

/// A transfer that brought nothing of what was wanted has failed.
void mesa_upstream::state::end(job& j, transfer_outcome& out) const {
  if (out.failure || !j.miss || j.whole)
    return;
  const auto& wants = j.request.wants;
  if (std::none_of(wants.begin(), wants.end(), [this](const oid& id) { return objects->contains(id); }))
    out.failure = j.miss;
}

/// The index is made anew by each process, from what is in the store; it is read as far as it takes to find all.
void mesa_upstream::state::learn_stored(std::span<const oid> wanted) {
  const auto all_known = [&] { return std::ranges::all_of(wanted, [this](const oid& id) { return knows(id); }); };
  for (bool news = true; news && !all_known();) {
    news = false;
    for (const oid& tree : index.unread())
      if (auto listed = objects->read_tree(tree)) {
        index.learn(tree, listed.value().entries);
        news = true;
      }
  }
}

result<void> mesa_upstream::state::keep(std::span<const mesa_listing> listings) {
  BOOST_OUTCOME_TRYV(objects->put(listings));
  for (const mesa_listing& each : listings)
    index.learn(each.id, each.entries);
  return success();
}

void mesa_upstream::state::begin_fetch(const job_ptr& j, mesa_transfer& t) {
  const fetch_request& r = j->request;
  if (r.filter == fetch_filter::none)
    return t.fail({ENOTSUP, "the service does not send whole repositories"});
  if (r.filter != fetch_filter::tree_0) {
    for (const oid& commit : r.wants) {
      const std::lock_guard lock{mutex};
      const auto found = snapshots.find(commit);
      if (found == snapshots.end())
        return t.fail({ENOENT, commit.hex() + " was not looked up"});
      const auto& [root, ref] = found->second;
      j->whole = true; // of tree_1 that is the root
      t.add([this, j, q = mesa_question{root, ref, "", r.filter == fetch_filter::tree_1 ? 1 : all_levels}](auto& to) {
        list(j, to, q);
      });
    }
    return;
  }
  learn_stored(r.wants);
  std::vector<oid> trees, blobs;
  for (const oid& id : r.wants) {
    if (index.find_tree(id))
      trees.push_back(id);
    else if (index.find_parent(id))
      blobs.push_back(id);
    else
      missed(*j, t, {ENOENT, client->display() + ": no listing of the service names object " + id.hex()});
  }
  if (r.size_limit != 0 && blobs.size() == 1 && trees.empty()) {
    std::uint64_t size = unknown_size;
    objects->sizes(blobs, {&size, 1});
    if (size != unknown_size && size > r.size_limit) {
      t.tell_sizes({{blobs.front(), size}});
      return t.fail({EFBIG, "the blob has more than " + std::to_string(r.size_limit) + " bytes"});
    }
  }
  // The listing that names a blob may have been evicted, and says by what name to ask for it.
  std::unordered_set<oid> lost;
  for (const oid& blob : blobs)
    if (const auto parent = index.find_parent(blob); !objects->contains(*parent))
      lost.insert(*parent);
  const std::vector<oid> wanted_trees = trees;
  trees.insert(trees.end(), lost.begin(), lost.end());
  ask_for_trees(j, t, trees, true);
  t.then([this, j, wanted_trees](auto& to) { // what the service did not list so deep
    std::vector<oid> left;
    std::ranges::copy_if(wanted_trees, std::back_inserter(left),
                         [this](const oid& id) { return !objects->contains(id); });
    if (j->together)
      ask_for_trees(j, to, left, false);
  });
  t.then([this, j, blobs](auto& to) { ask_for_blobs(j, to, blobs); });
  t.then([this, j](auto& to) {
    if (auto kept = flush(*j, 0); !kept)
      to.fail(std::move(kept.error()));
  });
}

void mesa_upstream::state::ask_for_trees(const job_ptr& j, mesa_transfer& t, std::span<const oid> trees,
                                         bool together) {
  std::vector<mesa_place> places;
  for (const oid& tree : trees)
    if (auto place = index.find_tree(tree))
      places.push_back(std::move(*place));
  std::vector<mesa_question> questions;
  if (together)
    questions = plan_questions(index, places);
  else
    for (const mesa_place& place : places)
      questions.push_back({place.trees.back(), place.ref, place.path(), 1});
  j->together = questions.size() < places.size(); // no unit runs yet
  for (mesa_question& each : questions)
    t.add([this, j, q = std::move(each)](auto& to) { list(j, to, q); });
}

void mesa_upstream::state::list(const job_ptr& j, mesa_transfer& t, const mesa_question& what) {
  list_more(j, t, what, {}, std::make_shared<listing_so_far>());
}

void mesa_upstream::state::list_more(const job_ptr& j, mesa_transfer& t, const mesa_question& what,
                                     const std::string& cursor, const std::shared_ptr<listing_so_far>& before) {
  const std::string where = "/" + what.path;
  operation op = begin(*j, t);
  auto pages = client->list(op, {org, repository, what.ref, what.path, what.depth, cursor}, progress_of(j, t));
  t.count(op.requests, op.bytes);
  if (!pages) {
    if (pages.error().code == EFBIG && what.depth > 1 && j->request.byte_limit == 0)
      return t.add(
          [this, j, q = mesa_question{what.tree, what.ref, what.path, what.depth / 2}](auto& to) { list(j, to, q); });
    return missed(*j, t, described(pages.error(), where));
  }
  mesa_page& first = pages.value().front();
  if (first.listed.id != what.tree)
    return missed(*j, t,
                  {EIO, client->display() + ": the directory is " + first.listed.id.hex() + " now, where "
                            + what.tree.hex() + " was; look at the ref again (" + where + ")"});
  std::size_t fresh = 0;
  for (tree_entry& e : first.listed.entries)
    if (before->names.insert(e.name).second) {
      before->listed.entries.push_back(std::move(e));
      ++fresh;
    }
  const bool endless = fresh == 0 || before->names.size() > most_entries;
  if (!first.cursor.empty() && (endless || !before->cursors.insert(first.cursor).second))
    return missed(*j, t, {EIO, client->display() + ": the service's listing has no end (" + where + ")"});
  before->listed.path = what.path;
  before->listed.id = first.listed.id;
  before->listed.time = first.listed.time;
  if (!first.cursor.empty())
    t.add([this, j, what, before, next = first.cursor](auto& to) { list_more(j, to, what, next, before); });
  // its entries have been moved away; what is below them has not
  first.listed = first.cursor.empty() ? std::move(before->listed) : mesa_listing{};
  if (!first.cursor.empty())
    pages.value().erase(pages.value().begin());
  take_pages(j, t, what.ref, std::move(pages.value()));
}

/// Whole listings are kept; of others the rest is asked for.
void mesa_upstream::state::take_pages(const job_ptr& j, mesa_transfer& t, const std::string& ref,
                                      std::vector<mesa_page> pages) {
  const bool all = j->whole && j->request.filter != fetch_filter::tree_1;
  const bool nested = pages.size() > 1;
  std::vector<mesa_listing> whole;
  for (mesa_page& page : pages) {
    if (all) {
      const std::lock_guard lock{j->mutex};
      j->listed.insert(page.listed.path);
    }
    if (page.cursor.empty()) {
      whole.push_back(std::move(page.listed));
      continue;
    }
    auto before = std::make_shared<listing_so_far>();
    for (const tree_entry& e : page.listed.entries)
      before->names.insert(e.name);
    before->cursors.insert(page.cursor);
    mesa_question rest{page.listed.id, ref, page.listed.path, page.depth};
    before->listed = std::move(page.listed);
    t.add([this, j, rest = std::move(rest), before, next = page.cursor](auto& to) {
      list_more(j, to, rest, next, before);
    });
  }
  if (auto kept = keep(whole); !kept)
    return t.fail(std::move(kept.error()));
  if (!all)
    return;
  for (const mesa_listing& each : whole)
    list_below(j, t, ref, each, nested);
}

/// What the service did not list because it is too deep: the directories in `listed`, one by one or by asking for the
/// one that they are in again, from where the service may go deeper.
void mesa_upstream::state::list_below(const job_ptr& j, mesa_transfer& t, const std::string& ref,
                                      const mesa_listing& listed, bool nested) {
  constexpr std::size_t several = 3, files_for_each = 16;
  std::vector<mesa_question> left;
  std::unique_lock lock{j->mutex};
  for (const tree_entry& e : listed.entries) {
    std::string path = listed.path.empty() ? e.name : listed.path + '/' + e.name;
    if (e.kind == entry_kind::directory && !j->listed.contains(path) && !objects->contains(e.id))
      left.push_back({e.id, ref, std::move(path), all_levels});
  }
  const bool together = nested && left.size() >= several && left.size() * files_for_each >= listed.entries.size()
                        && j->again.insert(listed.path).second;
  if (together)
    left = {{listed.id, ref, listed.path, all_levels}};
  else
    for (const mesa_question& each : left)
      j->listed.insert(each.path);
  lock.unlock();
  for (mesa_question& each : left)
    t.add([this, j, q = std::move(each)](auto& to) { list(j, to, q); });
}

void mesa_upstream::state::ask_for_blobs(const job_ptr& j, mesa_transfer& t, std::span<const oid> blobs) {
  struct wanted_of_tree {
    std::optional<mesa_place> place;
    result<parsed_tree> listing;
  };
  std::unordered_map<oid, wanted_of_tree> parents;
  for (const oid& blob : blobs) {
    if (objects->contains(blob))
      continue;
    const oid parent = *index.find_parent(blob);
    auto it = parents.find(parent);
    if (it == parents.end())
      it = parents.emplace(parent, wanted_of_tree{index.find_tree(parent), objects->read_tree(parent)}).first;
    const auto& [place, listing] = it->second;
    if (!place || !listing) {
      missed(*j, t, {ENOENT, client->display() + ": the listing that names object " + blob.hex() + " is gone"});
      continue;
    }
    const auto& entries = listing.value().entries;
    const auto entry = std::ranges::find_if(entries, [&](const tree_entry& e) { return e.id == blob; });
    if (entry == entries.end()) {
      missed(*j, t, {ENOENT, client->display() + ": no listing names object " + blob.hex()});
      continue;
    }
    const std::string path = place->path();
    mesa_client::directory where{org, repository, place->ref, path.empty() ? entry->name : path + '/' + entry->name};
    t.add([this, j, blob, kind = entry->kind, where = std::move(where)](auto& to) { bring(j, to, blob, kind, where); });
  }
}

void mesa_upstream::state::bring(const job_ptr& j, mesa_transfer& t, const oid& id, entry_kind kind,
                                 const mesa_client::directory& where) {
  std::uint64_t size = unknown_size;
  objects->sizes({&id, 1}, {&size, 1});
  operation op = begin(*j, t);
  auto done = kind != entry_kind::symlink && size != unknown_size && size >= streamed
                  ? bring_large(j, t, op, id, size, where)
                  : bring_small(j, t, op, id, kind, size, where);
  t.count(op.requests, op.bytes);
  if (!done)
    missed(*j, t, described(done.error(), "/" + where.path));
}

namespace {

auto wrong_contents(const std::string& display, const oid& expected, const std::string& found) {
  return fail(EIO, display + ": the contents that the service sends are not object " + expected.hex() + " but " + found
                       + "; they are not shown");
}

auto too_long(std::uint64_t size) {
  return fail(EIO,
              "the file is longer than the " + std::to_string(size) + " bytes that "
                  + (size == most_without_size ? "a file may have whose size was not listed" : "it was listed with"));
}

} // namespace

result<void> mesa_upstream::state::bring_small(const job_ptr& j, mesa_transfer& t, operation& op, const oid& id,
                                               entry_kind kind, std::uint64_t size,
                                               const mesa_client::directory& where) {
  std::string contents;
  const auto progress = progress_of(j, t);
  static const oid empty = name_of(object_type::blob, "");
  if (kind == entry_kind::symlink) {
    BOOST_OUTCOME_TRY(target, client->read_link(op, where, progress));
    contents = std::move(target);
  } else if (id != empty) {
    const auto begin_anew = [&]() -> result<void> {
      contents.clear();
      return success();
    };
    BOOST_OUTCOME_TRYV(client->read_file(op, where, begin_anew, [&](std::string_view piece) -> result<void> {
      BOOST_OUTCOME_TRYV(progress(piece));
      if (contents.size() + piece.size() > std::min(size, most_without_size)) // all of it is in memory
        return too_long(std::min(size, most_without_size));
      contents += piece;
      return success();
    }));
  }
  if (const oid found = name_of(object_type::blob, contents); found != id)
    return wrong_contents(client->display(), id, found.hex());
  {
    const std::lock_guard lock{j->mutex};
    BOOST_OUTCOME_TRYV(j->pack.add(object_type::blob, contents));
  }
  return flush(*j, pack_bytes);
}

result<void> mesa_upstream::state::bring_large(const job_ptr& j, mesa_transfer& t, operation& op, const oid& id,
                                               std::uint64_t size, const mesa_client::directory& where) {
  std::unique_ptr<blob_pack> pack;
  const auto progress = progress_of(j, t);
  const auto begin_anew = [&]() -> result<void> {
    BOOST_OUTCOME_TRY(fresh, blob_pack::begin(objects->store(), j->request.use, size));
    pack = std::move(fresh);
    return success();
  };
  BOOST_OUTCOME_TRYV(client->read_file(op, where, begin_anew, [&](std::string_view piece) -> result<void> {
    BOOST_OUTCOME_TRYV(progress(piece));
    if (pack->size() + piece.size() > size)
      return too_long(size);
    return pack->append(piece);
  }));
  if (pack->size() != size || pack->name() != id)
    return wrong_contents(client->display(), id, "others, of " + std::to_string(pack->size()) + " bytes");
  return pack->commit();
}

/// Gives the collected blobs to the store, once they are so many.
result<void> mesa_upstream::state::flush(job& j, std::size_t from_bytes) {
  composed_pack full;
  {
    const std::lock_guard lock{j.mutex};
    if (j.pack.bytes() < from_bytes)
      return success();
    full = std::exchange(j.pack, {});
  }
  return full.commit(objects->store(), j.request.use);
}

void mesa_upstream::state::begin_sizes(const job_ptr& j, mesa_transfer& t) {
  const auto& ids = j->request.wants;
  const auto known_sizes = [this, j] {
    std::vector<std::uint64_t> sizes(j->request.wants.size(), unknown_size);
    objects->sizes(j->request.wants, sizes);
    return sizes;
  };
  std::vector<std::uint64_t> sizes = known_sizes();
  std::vector<oid> lacking;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (sizes[i] == unknown_size)
      lacking.push_back(ids[i]);
  if (!lacking.empty()) { // the listings came in an earlier process, whose table of sizes was lost
    learn_stored(lacking);
    std::unordered_set<oid> parents;
    for (const oid& id : lacking)
      if (const auto parent = index.find_parent(id))
        parents.insert(*parent);
    ask_for_trees(j, t, std::vector<oid>(parents.begin(), parents.end()), true);
  }
  t.then([known_sizes, j](auto& to) {
    const std::vector<std::uint64_t> now = known_sizes();
    std::vector<std::pair<oid, std::uint64_t>> out;
    for (std::size_t i = 0; i < now.size(); ++i)
      if (now[i] != unknown_size)
        out.emplace_back(j->request.wants[i], now[i]);
    if (out.empty() && j->miss)
      to.fail(*j->miss);
    to.tell_sizes(std::move(out));
  });
}

mesa_upstream::mesa_upstream(std::shared_ptr<mesa_client> client, std::string org, std::string repository,
                             std::shared_ptr<mesa_objects> objects)
  : impl_(std::make_unique<state>(std::move(client), std::move(org), std::move(repository), std::move(objects))),
    display_(impl_->client->display() + mesa_repository_path(impl_->org, impl_->repository)) {}

mesa_upstream::~mesa_upstream() = default;

std::unique_ptr<transfer> mesa_upstream::fetch(fetch_request request, transfer_callback done) {
  auto j = std::make_shared<job>();
  j->request = std::move(request);
  return impl_->transfers.start(std::move(done), [self = impl_.get(), j](mesa_transfer& t) {
    t.at_end([self, j](transfer_outcome& out) { self->end(*j, out); });
    self->begin_fetch(j, t);
  });
}

std::unique_ptr<transfer> mesa_upstream::object_info(std::vector<oid> ids, transfer_callback done,
                                                     std::string traceparent) {
  auto j = std::make_shared<job>();
  j->request.wants = std::move(ids);
  j->request.traceparent = std::move(traceparent);
  return impl_->transfers.start(std::move(done),
                                [self = impl_.get(), j](mesa_transfer& t) { self->begin_sizes(j, t); });
}

void mesa_upstream::add_snapshot(const oid& commit, const oid& root, const std::string& ref) {
  impl_->index.add_root(root, ref);
  const std::lock_guard lock{impl_->mutex};
  impl_->snapshots[commit] = {root, ref};
}

result<mesa_listing> mesa_upstream::list_root(operation& op, const std::string& ref) {
  mesa_listing out;
  std::unordered_set<std::string> names;
  std::set<std::string> cursors;
  std::string cursor;
  do {
    BOOST_OUTCOME_TRY(pages, impl_->client->list(op, {impl_->org, impl_->repository, ref, "", 1, cursor}));
    mesa_page& page = pages.front();
    if (!cursor.empty() && page.listed.id != out.id)
      return gitfs::fail(EIO, display_ + ": " + ref + " moved while its root was listed; try again");
    const std::size_t before = names.size();
    out.id = page.listed.id;
    out.time = std::max(out.time, page.listed.time);
    for (tree_entry& e : page.listed.entries)
      if (names.insert(e.name).second)
        out.entries.push_back(std::move(e));
    cursor = page.cursor;
    const bool endless = names.size() == before || names.size() > most_entries;
    if (!cursor.empty() && (endless || !cursors.insert(cursor).second))
      return gitfs::fail(EIO, display_ + ": the service's listing has no end (/)");
  } while (!cursor.empty());
  impl_->index.add_root(out.id, ref);
  BOOST_OUTCOME_TRYV(impl_->keep({&out, 1}));
  return out;
}

} // namespace gitfs
