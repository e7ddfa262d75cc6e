// A repository with a hundred and more objects, and stores that its packs go into.
#pragma once

#include "backend/store/object_store.hpp"
#include "test/support/command.hpp"
#include "test/support/temp_dir.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace gitfs::test {

namespace fs = std::filesystem;

/// Like must_run, with every byte of the output.
std::string must_run_raw(const std::string& script, const fs::path& cwd);

oid id_of(const std::string& hex);

/// Feeds `pack` to a new sink in pieces of odd lengths, and commits.
result<std::uint32_t> ingest(gitfs::object_store& store, const std::string& pack);

struct store_fixture {
  temp_dir dir;
  std::string key = "http://git.example.org/r";

  store_fixture();

  /// Of the repository: the blobs of the files f<first>…, every object, the commit.
  std::vector<oid> blobs(std::size_t first, std::size_t count) const;
  const std::vector<oid>& all() const { return all_; }
  oid head() const { return head_; }

  std::string pack_of(const std::vector<oid>& ids) const;
  std::string git_content(const oid& id) const;

  std::shared_ptr<gitfs::object_store> open() { return open(key); }
  std::shared_ptr<gitfs::object_store> open(const std::string& of);

  static std::string content(gitfs::object_store& store, const oid& id);
  static std::size_t packs(const gitfs::object_store& store);
  /// What an arriving pack may have left, one path a line.
  static std::string leftovers(const gitfs::object_store& store);
  /// git's own opinion of the store, and that nothing is left over.
  static void check(const gitfs::object_store& store);
  /// Changes bytes of this object in the store's only pack.
  static void overwrite_in_pack(const gitfs::object_store& store, const oid& id);

private:
  std::vector<oid> files_, all_;
  oid head_;
};

} // namespace gitfs::test
