// What the races of record_races are played with.
#pragma once

#include "test/tools/recorded_system.hpp"

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace gitfs::test {

inline constexpr gitfs::node_address root_node{root_slot, self_child};

inline void require(bool holds, const char* what) {
  if (!holds)
    throw std::runtime_error{what};
}

inline gitfs::node_address node_of(const request& r) {
  require(r.answered->what == answer::kind::entry, "no entry was found");
  return r.answered->node.address;
}

// d0…d3 / e0…e3 / f0…f3, and what the kernel does with it.
struct race : recorded_system {
  using recorded_system::recorded_system;
  oid root, d0_tree;

  void make_three_levels() {
    std::vector<memory_db::entry> top;
    for (int d = 0; d < 4; ++d) {
      std::vector<memory_db::entry> middle;
      for (int e = 0; e < 4; ++e) {
        std::vector<memory_db::entry> leaf;
        leaf.reserve(4);
        for (int f = 0; f < 4; ++f)
          leaf.push_back({"f" + std::to_string(f), entry_kind::file, db->blob("content")});
        middle.push_back({"e" + std::to_string(e), entry_kind::directory, db->tree(leaf)});
      }
      top.push_back({"d" + std::to_string(d), entry_kind::directory, db->tree(middle)});
    }
    root = db->tree(top);
    d0_tree = top[0].id;
  }

  gitfs::node_address found(gitfs::node_address in, const std::string& name) {
    const request r = send(in, lookup_op{name});
    run();
    return node_of(r);
  }
  /// Everything that the answer has revealed.
  void forget_all(const request& listed) {
    for (const auto& each : listed.answered->entries)
      if (each.nodeid != 0)
        forget(each.address, 1);
  }
  void require_only_the_root() {
    run();
    require(live_directories() == 1, "a directory lives that nobody refers to");
    for (dir_slot slot = 1; slot < 30; ++slot)
      require(!context->inodes.in_use(slot), "a slot is in use that nobody refers to");
  }
};

/// Plays what two repositories, a local one, one that fails at first and a host do in one mount.
void tree_of_repositories(race& s);

} // namespace gitfs::test
