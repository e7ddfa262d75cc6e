#include "backend/object_db.hpp"

#include "backend/large_blob.hpp"

#include <cerrno>

namespace gitfs {

result<void> object_db::copy(const oid& id, const blob_target& to) {
  BOOST_OUTCOME_TRY(blob, read(id));
  if (blob.type() != object_type::blob)
    return fail(EIO, id.hex() + " is shown as a file, but is none");
  return to.file.write(blob.data(), 0);
}

} // namespace gitfs
