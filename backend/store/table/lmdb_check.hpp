// Whether LMDB may be let loose on a file.
#pragma once

struct MDB_env;

namespace gitfs {

/// LMDB trusts its file: a damaged page makes it abort, or read and write anywhere. This walks every page that the
/// newest snapshot uses (as LMDB 0.9 lays them out on 64-bit machines) and checks that nothing points out of its page
/// or out of the file. Other processes may write meanwhile. Gives 0, MDB_CORRUPTED, or another error of LMDB. About
/// 1 ms for each 4 MB in use.
int check_pages(MDB_env* env);

} // namespace gitfs
