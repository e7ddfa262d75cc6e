#include "test/mount/shared.hpp"

#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"
#include "test/support/manifest.hpp"
#include "test/support/temp_dir.hpp"

namespace gitfs::test {

git_server& fixture_server() {
  awkward_repository();
  static git_server server{fixtures_folder()};
  return server;
}

const std::filesystem::path& awkward_checkout() {
  static const temp_dir folder;
  static const std::filesystem::path made = checkout(awkward_repository(), "main", folder.path());
  return made;
}

const std::vector<std::string>& awkward_manifest() {
  static const std::vector<std::string> made = manifest(awkward_checkout());
  return made;
}

void drop_kernel_caches() {
  must_run(as_root("sync; echo 3 >/proc/sys/vm/drop_caches"));
}

} // namespace gitfs::test
