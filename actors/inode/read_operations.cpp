// READ and READLINK
#include "actors/inode/directory_attributes.hpp"
#include "actors/inode/directory_operations.hpp"
#include "actors/inode/reader_errors.hpp"
#include "actors/model/visible_errno.hpp"

#include <cerrno>
#include <cstdint>

namespace gitfs {

namespace {

// Inflating this much takes about 5 ms: up to here it is done on the thread that brought the request.
constexpr std::uint64_t inline_load_limit = 1 << 20;

lacking read_blob_file(directory_inode& of, kernel_op& op, const dentry& child, const read_op& what) {
  if (auto blob = of.outside().blob_file_of(child.id)) {
    op.answer.file(*blob, what.offset, what.size);
    return {};
  }
  if (of.outside().contains(child.id))
    return missing{missing::blob_file, child.id};
  op.lacked = "object " + child.id.hex() + " is not on this machine";
  return missing{missing::blob, child.id};
}

} // namespace

lacking attempt_self(directory_inode&, kernel_op& op, const read_op&) {
  op.answer.error(EISDIR);
  return {};
}

lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const read_op& what) {
  if (is_directory(child)) {
    op.answer.error(EISDIR);
    return {};
  }
  const bool begins = what.offset == 0 && op.brought == 0 && child.present;
  // A listing that was dropped does not say which files come next.
  const bool foreseeable = begins && of.listing.complete() && of.context.prefetch;
  if (begins && of.lookups.was_read(child.id))
    of.port.probe_was_read();
  if (foreseeable)
    of.port.read_started(of.listing.entries().position_of(op.at - 1), child.name, child.id, op.caller);
  if (child.size != unknown_size && child.size >= of.context.memory.blob_files_from())
    return read_blob_file(of, op, child, what);
  if (child.size != unknown_size && child.size > inline_load_limit && (op.brought & missing::loaded) == 0) {
    if (auto blob = of.outside().cached_blob(child.id, what.size)) {
      op.answer.data(*blob, what.offset, what.size);
      return {};
    }
    if (of.outside().contains(child.id))
      return missing{missing::loaded, child.id};
  }
  auto blob = of.outside().blob(child.id, what.size);
  if (!blob) {
    op.lacked = blob.error().message;
    if (blob.error().code == ENOENT) {
      if (foreseeable)
        of.port.read_missed(of.listing.entries().position_of(op.at - 1), child.id);
      return missing{missing::blob, child.id};
    }
    refuse(of, op, visible_errno(blob.error().code, requested::object), {});
    return {};
  }
  op.answer.data(blob.value(), what.offset, what.size);
  return {};
}

lacking attempt_self(directory_inode&, kernel_op& op, const readlink_op&) {
  op.answer.error(EINVAL);
  return {};
}

lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const readlink_op&) {
  if (child.kind != entry_kind::symlink) {
    op.answer.error(EINVAL);
    return {};
  }
  auto target = of.outside().read(child.id);
  if (!target) {
    op.lacked = target.error().message;
    if (target.error().code == ENOENT)
      return missing{missing::blob, child.id};
    refuse(of, op, visible_errno(target.error().code, requested::object), {});
    return {};
  }
  op.answer.link(target.value().data());
  return {};
}

} // namespace gitfs
