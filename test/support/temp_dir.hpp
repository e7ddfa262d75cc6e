// A folder that lives as long as its object.
#pragma once

#include <filesystem>
#include <string>

namespace gitfs::test {

/// A fresh folder below $TMPDIR (or /tmp), removed with everything in it on destruction.
class temp_dir {
public:
  temp_dir();
  ~temp_dir();
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

private:
  std::filesystem::path path_;
};

} // namespace gitfs::test
