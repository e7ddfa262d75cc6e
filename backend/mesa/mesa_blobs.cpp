// Contents of the mesa service: one request for each file, and into the store when its name is right.
#include "backend/git/sha1.hpp"
#include "backend/mesa/mesa_upstream_state.hpp"

#include <algorithm>
#include <cerrno>

namespace gitfs {

namespace {

constexpr std::uint64_t streamed = std::uint64_t{1} << 20;            // a blob from here on is not whole in memory
constexpr std::uint64_t most_without_size = std::uint64_t{256} << 20; // of a blob that was listed without one
constexpr std::size_t pack_bytes = std::size_t{8} << 20; // small blobs go to the store in packs of this length

} // namespace

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
    GITFS_TRY(target, client->read_link(op, where, progress));
    contents = std::move(target);
  } else if (id != empty) {
    const auto begin_anew = [&]() -> result<void> {
      contents.clear();
      return success();
    };
    GITFS_TRYV(client->read_file(op, where, begin_anew, [&](std::string_view piece) -> result<void> {
      GITFS_TRYV(progress(piece));
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
    GITFS_TRYV(j->pack.add(object_type::blob, contents));
  }
  return flush(*j, pack_bytes);
}

result<void> mesa_upstream::state::bring_large(const job_ptr& j, mesa_transfer& t, operation& op, const oid& id,
                                               std::uint64_t size, const mesa_client::directory& where) {
  std::unique_ptr<blob_pack> pack;
  const auto progress = progress_of(j, t);
  const auto begin_anew = [&]() -> result<void> {
    GITFS_TRY(fresh, blob_pack::begin(objects->store(), j->request.use, size));
    pack = std::move(fresh);
    return success();
  };
  GITFS_TRYV(client->read_file(op, where, begin_anew, [&](std::string_view piece) -> result<void> {
    GITFS_TRYV(progress(piece));
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

} // namespace gitfs
