#include "test/support/fixtures.hpp"

#include "test/support/command.hpp"
#include "test/support/mount.hpp"

#include <cstdlib>
#include <stdexcept>

namespace gitfs::test {

std::string script(const std::string& name) {
  const char* source = std::getenv("GITFS_SOURCE_DIR");
  if (source == nullptr)
    throw std::runtime_error("GITFS_SOURCE_DIR is not set: run the tests with ctest");
  return "'" + std::string{source} + "/scripts/" + name + "'";
}

// The scripts print where a repository is, and build it under a lock if it is not there.
std::filesystem::path linux_repository() {
  static const std::filesystem::path made = must_run(script("linux-repository"));
  return made;
}

std::filesystem::path awkward_repository() {
  if (sanitized())
    return small_awkward_repository();
  static const std::filesystem::path made = must_run(script("awkward-repository"));
  return made;
}

std::filesystem::path small_awkward_repository() {
  static const std::filesystem::path made = must_run(script("awkward-repository") + " --small");
  return made;
}

std::string awkward_name() {
  return awkward_repository().filename().string();
}

std::filesystem::path hostile_repository() {
  static const std::filesystem::path made = must_run(script("awkward-repository") + " --hostile");
  return made;
}

std::filesystem::path fixtures_folder() {
  return hostile_repository().parent_path();
}

} // namespace gitfs::test
