#include "test/mount/shared.hpp"

#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"
#include "test/support/manifest.hpp"
#include "test/support/temp_dir.hpp"

#include <cerrno>
#include <sys/stat.h>

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

const std::vector<std::string>& small_awkward_manifest() {
  static const temp_dir folder;
  static const std::vector<std::string> made = manifest(checkout(small_awkward_repository(), "main", folder.path()));
  return made;
}

int failure_of(const std::filesystem::path& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 ? 0 : errno;
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++out;
  return out;
}

void drop_kernel_caches() {
  must_run(as_root("sync; echo 3 >/proc/sys/vm/drop_caches"));
}

} // namespace gitfs::test
