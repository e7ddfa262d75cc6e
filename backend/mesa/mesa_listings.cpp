// Listings of the mesa service: which are asked for, and what is kept of them.
#include "backend/mesa/mesa_upstream_state.hpp"

#include <algorithm>
#include <cerrno>

namespace gitfs {

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
  GITFS_TRYV(objects->put(listings));
  for (const mesa_listing& each : listings)
    index.learn(each.id, each.entries);
  return success();
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
  const bool endless = fresh == 0 || before->names.size() > client->limits().entries;
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
  const bool all = j->whole && j->request.need != fetch_need::commit;
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

result<mesa_listing> mesa_upstream::list_root(operation& op, const std::string& ref) {
  mesa_listing out;
  std::unordered_set<std::string> names;
  std::set<std::string> cursors;
  std::string cursor;
  do {
    GITFS_TRY(pages, impl_->client->list(op, {impl_->org, impl_->repository, ref, "", 1, cursor}));
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
    const bool endless = names.size() == before || names.size() > impl_->client->limits().entries;
    if (!cursor.empty() && (endless || !cursors.insert(cursor).second))
      return gitfs::fail(EIO, display_ + ": the service's listing has no end (/)");
  } while (!cursor.empty());
  impl_->index.add_root(out.id, ref);
  GITFS_TRYV(impl_->keep({&out, 1}));
  return out;
}

} // namespace gitfs
