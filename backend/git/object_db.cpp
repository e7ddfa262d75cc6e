#include "backend/git/object_db.hpp"

#include "backend/git/tree.hpp"

#include <cerrno>

namespace gitfs {

result<parsed_tree> object_db::read_tree(const oid& tree) {
  GITFS_TRY(raw, read(tree));
  if (raw.type() != object_type::tree)
    return fail(EBADMSG, "not a tree object");
  auto parsed = parse_tree(raw.data());
  if (!parsed)
    return fail(EBADMSG, parsed.error().message);
  return parsed;
}

result<void> object_db::copy(const oid& id, const blob_target& to) {
  GITFS_TRY(blob, read(id));
  if (blob.type() != object_type::blob)
    return fail(EIO, id.hex() + " is shown as a file, but is none");
  return to.file.write(blob.data(), 0);
}

} // namespace gitfs
