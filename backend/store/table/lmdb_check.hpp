// Checks whether LMDB can use a file safely.
#pragma once

struct MDB_env;

namespace gitfs {

/// LMDB trusts its file: a damaged page makes it abort, or read and write anywhere. This function walks every page that
/// the newest snapshot uses (as LMDB 0.9 lays them out on 64-bit machines) and checks that nothing points outside its
/// page or outside the file. Other processes may write meanwhile. Returns 0, MDB_CORRUPTED, or another error of LMDB.
/// Takes about 1 ms for each 4 MB in use.
int check_pages(MDB_env* env);

} // namespace gitfs
