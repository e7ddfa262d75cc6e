#include "test/support/temp_dir.hpp"

#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace gitfs::test {

temp_dir::temp_dir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "gitfs-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), "mkdtemp " + pattern);
  path_ = pattern;
}

temp_dir::~temp_dir() {
  std::error_code ignored; // a folder that cannot be removed is no reason to abort the other tests
  std::filesystem::remove_all(path_, ignored);
}

} // namespace gitfs::test
