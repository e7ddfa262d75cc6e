// A repository whose objects lie in files of every kind, and its objects as git itself names them.
#pragma once

#include "backend/pack/object_reader.hpp"
#include "test/support/command.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace gitfs::test {

struct listed_object {
  oid id;
  std::string type;
  std::uint64_t size = 0;
};

inline std::string file_bytes(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_file(const std::filesystem::path& file, const std::string& bytes) {
  std::filesystem::remove(file); // git's are read-only
  std::ofstream{file, std::ios::binary} << bytes;
}

inline std::string type_name(object_type type) {
  return std::vector<std::string>{"", "commit", "tree", "blob", "tag"}.at(static_cast<std::size_t>(type));
}

/// How little a process may have for its packs.
inline std::shared_ptr<pack_resources> resources(std::size_t files, std::uint64_t index_bytes, std::uint64_t bases) {
  return std::shared_ptr<pack_resources>{
      new pack_resources{.files = open_files{files}, .indexes = {.most = index_bytes}, .bases = base_cache{bases}}};
}

struct git_objects {
  temp_dir dir;
  std::filesystem::path objects = dir / "r/.git/objects";

  /// `versions` of one file, each in a commit, beside small ones. To make it takes seconds, so others are copied.
  explicit git_objects(int versions = 40) {
    static std::map<int, std::unique_ptr<temp_dir>> made;
    auto& source = made[versions];
    if (source == nullptr) {
      source = std::make_unique<temp_dir>();
      must_run(
          "git init -q r && cd r && for v in $(seq " + std::to_string(versions)
              + "); do { seq $v; seq 300; echo $v; } >file; mkdir -p d$v; echo $v >d$v/small; [ $((v % 10)) = 2 ] && "
                "git tag -a -m x t$v HEAD; git add . && git commit -qm $v; done; : >empty; git add . && git commit "
                "-qm end",
          source->path());
    }
    must_run("cp -a " + (*source / "r").string() + " .", dir.path());
  }

  std::string git(const std::string& script) const { return must_run(script, dir / "r"); }

  std::vector<listed_object> all() const {
    std::vector<listed_object> out;
    std::istringstream lines{git("git cat-file --batch-all-objects --batch-check")};
    listed_object one;
    for (std::string hex; lines >> hex >> one.type >> one.size;) {
      one.id = oid::from_hex(hex).value();
      out.push_back(one);
    }
    BOOST_REQUIRE(out.size() > 20U);
    return out;
  }

  std::unique_ptr<gitfs::object_reader> open(gitfs::object_reader::options how = {}) const {
    auto out = gitfs::object_reader::open(objects, std::move(how));
    BOOST_REQUIRE(out);
    return std::move(out).value();
  }

  std::filesystem::path only(const std::string& suffix) const {
    return objects / "pack" / git("cd .git/objects/pack && ls *" + suffix);
  }
};

} // namespace gitfs::test
