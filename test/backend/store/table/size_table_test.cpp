#include "backend/store/table/size_table.hpp"

#include "backend/store/table/record_file.hpp"
#include "test/support/command.hpp"
#include "test/support/one_thread.hpp"
#include "test/support/rounds.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <csignal>
#include <fstream>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(size_table)

using gitfs::test::temp_dir;

namespace fs = std::filesystem;

namespace {

using size_list = std::vector<std::pair<oid, std::uint64_t>>;

oid numbered(std::uint64_t n) {
  oid out;
  std::uint64_t word = (n + 1) * 0x9e3779b97f4a7c15;
  for (std::size_t i = 0; i < oid::raw_size; ++i, word = word * 6364136223846793005 + 1)
    out.bytes[i] = static_cast<std::uint8_t>(word >> 56);
  return out;
}

size_list sizes_from(std::uint64_t first, std::uint64_t count) {
  size_list out;
  for (std::uint64_t n = first; n < first + count; ++n)
    out.emplace_back(numbered(n), n * 3);
  return out;
}

std::uint64_t size_of(gitfs::size_table& table, const oid& id) {
  std::uint64_t out = 0;
  table.get({&id, 1}, {&out, 1});
  return out;
}

/// How many of those numbers the table knows; all it knows must be right.
std::size_t known(gitfs::size_table& table, std::uint64_t first, std::uint64_t count) {
  std::vector<oid> ids;
  for (std::uint64_t n = first; n < first + count; ++n)
    ids.push_back(numbered(n));
  std::vector<std::uint64_t> out(ids.size());
  table.get(ids, out);
  std::size_t hits = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == unknown_size)
      continue;
    ++hits;
    if (out[i] != (first + i) * 3)
      BOOST_ERROR("a wrong size");
  }
  return hits;
}

/// Seven files, as `sizes_from` has them.
tree_sizes tree_from(std::uint64_t first) {
  tree_sizes out;
  out.tree = numbered(1'000'000 + first);
  for (std::uint64_t n = first; n < first + 7; ++n) {
    out.ids.push_back(numbered(n));
    out.sizes.push_back(n * 3);
  }
  return out;
}

bool knows(gitfs::size_table& table, const tree_sizes& what) {
  std::vector<std::uint64_t> found(what.ids.size());
  const bool out = table.get_tree(what.tree, what.ids, found);
  if (out ? found != what.sizes : found != std::vector<std::uint64_t>(found.size(), unknown_size))
    BOOST_ERROR("a wrong size");
  return out;
}

void put_tree(gitfs::size_table& table, const tree_sizes& what) {
  table.put_trees({&what, 1});
}

/// Runs `work` in a child process and gives its wait status.
template <class Work>
pid_t in_child(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

void put_in_child(const fs::path& file, std::uint64_t first, std::uint64_t count, bool close) {
  const int status = wait_for(in_child([&] {
    auto table = gitfs::size_table::open(file);
    table->put(sizes_from(first, count));
    std::vector<tree_sizes> trees;
    for (std::uint64_t n = first; n + 7 <= first + count; n += 7)
      trees.push_back(tree_from(n));
    table->put_trees(trees);
    if (!close)
      ::raise(SIGKILL);
    table.reset();
  }));
  BOOST_REQUIRE(close ? WIFEXITED(status) : WIFSIGNALED(status));
}

} // namespace

BOOST_AUTO_TEST_CASE(what_is_put_is_there_after_opening_again) {
  temp_dir dir;
  const size_list sizes{{numbered(1), 0}, {numbered(2), 1}, {numbered(3), std::uint64_t{1} << 62}};
  {
    const auto table = gitfs::size_table::open(dir / "t");
    BOOST_TEST(size_of(*table, numbered(1)) == unknown_size);
    table->put(sizes);
    table->put({});
  }
  const auto table = gitfs::size_table::open(dir / "t");
  for (const auto& [id, size] : sizes)
    BOOST_TEST(size_of(*table, id) == size);
  BOOST_TEST(size_of(*table, numbered(4)) == unknown_size);
}

BOOST_AUTO_TEST_CASE(uses) {
  temp_dir dir;
  const auto table = gitfs::size_table::open(dir / "t");
  const std::vector<oid> ids{numbered(1), numbered(2)};
  table->touch(ids, 100);
  table->touch({ids.data(), 1}, 200);
  BOOST_TEST(table->last_use(ids[0]) == 200u);
  BOOST_TEST(table->last_use(ids[1]) == 100u);
  BOOST_TEST(table->last_use(numbered(3)) == 0u);
  BOOST_TEST(size_of(*table, ids[0]) == unknown_size);
}

BOOST_AUTO_TEST_CASE(the_files_of_a_tree_are_found_together) {
  temp_dir dir;
  const size_list sizes{{numbered(1), 0}, {numbered(2), 127}, {numbered(3), 128}, {numbered(4), ~std::uint64_t{1}}};
  tree_sizes tree{numbered(9), {}, {}};
  for (const auto& [id, size] : sizes) {
    tree.ids.push_back(id);
    tree.sizes.push_back(size);
  }
  {
    const auto table = gitfs::size_table::open(dir / "t");
    BOOST_TEST(!knows(*table, tree));
    table->put(sizes);
    put_tree(*table, tree);
    table->put_trees({});
  }
  const auto table = gitfs::size_table::open(dir / "t");
  BOOST_TEST(knows(*table, tree));
  const auto unlike = [&](const auto& change) {
    tree_sizes other = tree;
    change(other);
    other.sizes.resize(other.ids.size());
    BOOST_TEST(!knows(*table, other));
  };
  unlike([](tree_sizes& t) { t.tree = numbered(8); });
  unlike([](tree_sizes& t) { std::swap(t.ids[1], t.ids[2]); });
  unlike([](tree_sizes& t) { t.ids[3] = numbered(5); });
  unlike([](tree_sizes& t) { t.ids.pop_back(); });
  unlike([](tree_sizes& t) { t.ids.push_back(numbered(5)); });
}

BOOST_AUTO_TEST_CASE(a_tree_is_kept_only_with_the_sizes_of_its_files) {
  temp_dir dir;
  const auto table = gitfs::size_table::open(dir / "t");
  put_tree(*table, tree_from(0));
  BOOST_TEST(!knows(*table, tree_from(0)));
  table->put(sizes_from(0, 6)); // one is missing
  put_tree(*table, tree_from(0));
  BOOST_TEST(!knows(*table, tree_from(0)));
  table->put(sizes_from(0, 7));
  tree_sizes wrong = tree_from(0);
  ++wrong.sizes[3];
  const std::vector<tree_sizes> some{wrong, tree_from(0)};
  table->put_trees({&some[0], 1});
  BOOST_TEST(!knows(*table, tree_from(0)));
  put_tree(*table, tree_from(0));
  BOOST_TEST(knows(*table, tree_from(0)));
}

BOOST_AUTO_TEST_CASE(a_corrected_size_is_right_in_its_tree_too) {
  temp_dir dir;
  const auto table = gitfs::size_table::open(dir / "t");
  table->put(sizes_from(0, 20));
  put_tree(*table, tree_from(0));
  table->put(sizes_from(0, 30)); // the same again
  BOOST_TEST(knows(*table, tree_from(0)));
  const std::pair<oid, std::uint64_t> right{numbered(3), 1234};
  table->put({&right, 1});
  BOOST_TEST(size_of(*table, numbered(3)) == 1234u);
  BOOST_TEST(!knows(*table, tree_from(0)));
  put_tree(*table, tree_from(0)); // who looked them up before the correction
  BOOST_TEST(!knows(*table, tree_from(0)));
}

BOOST_AUTO_TEST_CASE(many_at_once_are_found_whatever_was_put_before_and_after, *of_one_thread()) {
  temp_dir dir;
  const auto table = gitfs::size_table::open(dir / "t");
  table->put(sizes_from(0, 100));
  for (std::uint64_t first = 100; first < 250'000; first += 50'000) // more than it keeps at hand
    table->put(sizes_from(first, 50'000));
  BOOST_TEST(known(*table, 0, 300'000) == 250'100U);
  table->put(sizes_from(250'100, 10));
  BOOST_TEST(known(*table, 0, 300'000) == 250'110U);
  table->trim();
  BOOST_TEST(known(*table, 0, 300'000) == 250'110U);
}

BOOST_AUTO_TEST_CASE(a_size_that_is_corrected_is_right_at_once) {
  temp_dir dir;
  const auto table = gitfs::size_table::open(dir / "t");
  auto wrong = sizes_from(0, 5'000);
  for (auto& [id, size] : wrong)
    size += 1;
  table->put(wrong);
  table->put(sizes_from(0, 5'000));
  BOOST_TEST(known(*table, 0, 5'000) == 5'000U);
  table->put(wrong);
  table->put(sizes_from(0, 1)); // few are not kept at hand
  BOOST_TEST(size_of(*table, numbered(0)) == 0U);
  BOOST_TEST(size_of(*table, numbered(1)) == 4U);
}

BOOST_AUTO_TEST_CASE(a_check_makes_it_forget_the_trees_and_keep_the_sizes) {
  temp_dir dir;
  put_in_child(dir / "t", 0, 70, true);
  const auto table = gitfs::size_table::open(dir / "t");
  BOOST_TEST(knows(*table, tree_from(7)));
  BOOST_TEST(table->check().damaged == 0u);
  BOOST_TEST(!knows(*table, tree_from(7)));
  BOOST_TEST(known(*table, 0, 70) == 70u);
}

BOOST_AUTO_TEST_CASE(a_tree_whose_value_is_none_is_a_miss) {
  temp_dir dir;
  const auto table = gitfs::size_table::open(dir / "t");
  table->put(sizes_from(0, 7));
  put_tree(*table, tree_from(0));
  const tree_sizes tree = tree_from(0);
  record_file file{dir / "t", {.records = 4}};
  const std::string right = file.read(2, tree.tree).value();
  const auto change = [&](const std::string& value) {
    BOOST_REQUIRE(file.write(1, [&](record_file::change& to) { to.put_record(2, tree.tree, value); }));
  };
  BOOST_TEST(knows(*table, tree));
  const std::string many(20, '\xff');
  for (const std::string& wrong :
       {std::string{}, std::string{"x"}, right.substr(0, 8), right.substr(0, right.size() - 1), right + '\0',
        right.substr(0, 8) + many, right.substr(0, right.size() - 1) + '\xff', std::string(right.size(), '\0'),
        std::string(100'000, '\x7f')}) {
    change(wrong);
    BOOST_TEST(!knows(*table, tree));
  }
  change(right);
  BOOST_TEST(knows(*table, tree));
}

namespace {

/// System calls of this process that read.
std::uint64_t reads() {
  std::ifstream in{"/proc/self/io"};
  std::string name;
  for (std::uint64_t value = 0; in >> name >> value;)
    if (name == "syscr:")
      return value;
  return 0;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_walk_reads_the_file_in_few_pieces) {
  temp_dir dir;
  std::vector<tree_sizes> trees;
  for (std::uint64_t n = 0; n < 14'000; n += 7)
    trees.push_back(tree_from(n));
  wait_for(in_child([&] {
    const auto table = gitfs::size_table::open(dir / "t");
    table->put(sizes_from(0, 14'000));
    table->put_trees(trees);
  }));
  must_run("touch -d '1 hour ago' t", dir.path());
  const auto table = gitfs::size_table::open(dir / "t");
  const std::uint64_t before = reads();
  for (const tree_sizes& tree : trees)
    BOOST_REQUIRE(knows(*table, tree));
  // Its length in blocks, and its records in pieces, and some more if this takes longer than blocks are used.
  BOOST_TEST(reads() - before < trees.size() / 2);
}

// What is kept of it hides nothing that others add or correct, nor what became of the file.
BOOST_AUTO_TEST_CASE(what_another_process_adds_is_seen_at_once) {
  temp_dir dir;
  put_in_child(dir / "t", 0, 70, true);
  must_run("touch -d '1 hour ago' t", dir.path());
  const auto table = gitfs::size_table::open(dir / "t");
  BOOST_TEST(known(*table, 0, 140) == 70u); // which keeps all blocks
  put_in_child(dir / "t", 70, 70, true);
  BOOST_TEST(known(*table, 0, 140) == 140u);
  BOOST_TEST(knows(*table, tree_from(77)));
  put_in_child(dir / "t", 140, 20'000, false); // into a larger file
  BOOST_TEST(known(*table, 0, 20'140) == 20'140u);
  table->put(sizes_from(30'000, 5));
  BOOST_TEST(known(*table, 30'000, 5) == 5u);
  const oid id = numbered(30'000);
  const std::pair<oid, std::uint64_t> other{id, 5};
  table->put({&other, 1});
  BOOST_TEST(size_of(*table, id) == 5u); // what this process corrects, too
}

BOOST_AUTO_TEST_CASE(one_file_is_one_table_in_a_process) {
  temp_dir dir;
  const auto first = gitfs::size_table::open(dir / "t");
  BOOST_TEST(first == gitfs::size_table::open(dir.path() / "." / "t"));
  BOOST_TEST(first != gitfs::size_table::open(dir / "u"));
}

BOOST_AUTO_TEST_CASE(it_grows, *of_one_thread()) {
  temp_dir dir;
  const auto table = gitfs::size_table::open(dir / "t");
  for (std::uint64_t n = 0; n < 20'000; n += 5'000)
    table->put(sizes_from(n, 5'000));
  put_tree(*table, tree_from(7));
  BOOST_TEST(known(*table, 0, 20'000) == 20'000u);
  table->put(sizes_from(20'000, 200'000));
  BOOST_TEST(known(*table, 0, 220'000) == 220'000u);
  BOOST_TEST(knows(*table, tree_from(7)));
}

BOOST_AUTO_TEST_CASE(it_grows_in_another_process) {
  temp_dir dir;
  int to_child[2], to_parent[2];
  BOOST_REQUIRE(::pipe(to_child) == 0 && ::pipe(to_parent) == 0);
  char byte = 0;
  const pid_t child = in_child([&] {
    auto table = gitfs::size_table::open(dir / "t");
    table->put(sizes_from(0, 10));
    if (known(*table, 0, 10) != 10)
      ::_exit(1);
    if (::write(to_parent[1], &byte, 1) != 1 || ::read(to_child[0], &byte, 1) != 1)
      ::_exit(2);
    if (known(*table, 0, 20'000) != 20'000) // the file that it has open is no longer the one
      ::_exit(3);
    table->put(sizes_from(30'000, 10));
    if (known(*table, 30'000, 10) != 10)
      ::_exit(4);
  });
  BOOST_REQUIRE(::read(to_parent[0], &byte, 1) == 1);
  const auto table = gitfs::size_table::open(dir / "t");
  table->put(sizes_from(0, 20'000));
  BOOST_REQUIRE(::write(to_child[1], &byte, 1) == 1);
  BOOST_TEST(wait_for(child) == 0);
  BOOST_TEST(known(*table, 30'000, 10) == 10u);
}

BOOST_AUTO_TEST_CASE(several_processes_write_at_once) {
  temp_dir dir;
  std::vector<pid_t> children;
  for (std::uint64_t child = 0; child < 4; ++child)
    children.push_back(in_child([&] {
      const auto table = gitfs::size_table::open(dir / "t");
      for (std::uint64_t n = 0; n < 40; ++n)
        table->put(sizes_from((child * 40 + n) * 50, 50));
    }));
  for (const pid_t child : children)
    BOOST_TEST(wait_for(child) == 0);
  BOOST_TEST(known(*gitfs::size_table::open(dir / "t"), 0, 8000) == 8000u);
}

BOOST_AUTO_TEST_CASE(what_is_written_again_and_again_takes_no_more_room, *of_one_thread()) {
  temp_dir dir;
  const auto table = gitfs::size_table::open(dir / "t");
  table->put(sizes_from(0, 7'000));
  std::vector<tree_sizes> trees;
  for (std::uint64_t n = 0; n < 7'000; n += 7)
    trees.push_back(tree_from(n));
  table->put_trees(trees);
  for (int again = 0; again < 100; ++again)
    table->put_trees(trees);
  BOOST_TEST(fs::file_size(dir / "t") < 4'000'000u);
  BOOST_TEST(knows(*table, trees.back()));
  std::vector<oid> ids;
  for (std::uint64_t n = 0; n < 400; ++n)
    ids.push_back(numbered(n));
  const std::uintmax_t before = fs::file_size(dir / "t");
  for (std::uint32_t again = 0; again < 200; ++again) {
    table->touch(ids, again);
    table->forget_uses(ids);
  }
  BOOST_TEST(fs::file_size(dir / "t") <= before);
}

BOOST_AUTO_TEST_CASE(sigkill_loses_nothing_that_was_put) {
  temp_dir dir;
  put_in_child(dir / "t", 0, 1000, false);
  BOOST_TEST(known(*gitfs::size_table::open(dir / "t"), 0, 1000) == 1000u);
}

BOOST_AUTO_TEST_CASE(sigkill_at_any_moment, *of_one_thread()) {
  temp_dir dir;
  std::mt19937 random{1};
  for (int round = 0; round < 25; ++round) {
    const pid_t child = in_child([&] {
      auto table = gitfs::size_table::open(dir / "t");
      for (std::uint64_t n = 0;; n += 50)
        table->put(sizes_from(n % 100'000, 50));
    });
    ::usleep(random() % 20'000);
    ::kill(child, SIGKILL);
    wait_for(child);
    const auto table = gitfs::size_table::open(dir / "t");
    known(*table, 0, 100'000);
    table->put(sizes_from(200'000, 1));
    BOOST_TEST(known(*table, 200'000, 1) == 1u);
  }
  BOOST_TEST(!fs::exists(dir / "t.damaged"));
}

BOOST_AUTO_TEST_CASE(the_file_of_an_older_program_is_not_touched) {
  temp_dir dir;
  std::ofstream{dir / "sizes.mdb"} << "whatever it is";
  const auto table = gitfs::size_table::open(dir / "sizes.table");
  table->put(sizes_from(0, 10));
  BOOST_TEST(known(*table, 0, 10) == 10u);
  BOOST_TEST(fs::file_size(dir / "sizes.mdb") == 14u);
}

BOOST_AUTO_TEST_CASE(garbage_instead_of_the_file_is_a_miss) {
  std::string garbage(200'000, '\0');
  std::mt19937 random{7};
  for (char& c : garbage)
    c = static_cast<char>(random());
  for (const std::string& contents :
       {garbage, std::string{"x"}, std::string(4096, '\0'), std::string(100'000, '\xff')}) {
    temp_dir dir;
    put_in_child(dir / "t", 0, 1000, true);
    std::ofstream{dir / "t", std::ios::binary} << contents;
    const auto table = gitfs::size_table::open(dir / "t");
    BOOST_TEST(known(*table, 0, 1000) == 0u);
    table->put(sizes_from(0, 10));
    BOOST_TEST(known(*table, 0, 1000) == 10u);
    BOOST_TEST(fs::exists(dir / "t.damaged"));
  }
}

BOOST_AUTO_TEST_CASE(garbage_within_the_file_is_a_miss, *of_one_thread()) {
  temp_dir dir;
  put_in_child(dir / "whole", 0, 5000, true);
  std::mt19937 random{11};
  const std::uintmax_t pages = fs::file_size(dir / "whole") / 4096;
  for (std::uintmax_t page = 1; page <= pages; ++page) { // in the last round all of them
    fs::copy_file(dir / "whole", dir / "t", fs::copy_options::overwrite_existing);
    std::fstream file{dir / "t", std::ios::in | std::ios::out | std::ios::binary};
    for (std::uintmax_t at = page == pages ? 1 : page; at < (page == pages ? pages : page + 1); ++at) {
      std::string garbage(4096, '\0');
      for (char& c : garbage)
        c = static_cast<char>(random());
      file.seekp(static_cast<std::streamoff>(at * 4096));
      file.write(garbage.data(), 4096);
    }
    file.close();
    const auto table = gitfs::size_table::open(dir / "t");
    known(*table, 0, 5000);
    for (std::uint64_t n = 0; n + 7 <= 5000; n += 7)
      knows(*table, tree_from(n)); // checks what it knows
    table->put(sizes_from(10'000, 10));
    put_tree(*table, tree_from(10'000));
    BOOST_TEST(known(*table, 10'000, 10) == 10u);
    BOOST_TEST(knows(*table, tree_from(10'000)));
  }
}

BOOST_AUTO_TEST_CASE(single_wrong_bytes_are_no_wrong_sizes) {
  temp_dir dir;
  put_in_child(dir / "whole", 0, 2000, true);
  std::mt19937 random{13};
  const std::uintmax_t length = fs::file_size(dir / "whole");
  for (unsigned round = 0; round < rounds(100); ++round) {
    fs::copy_file(dir / "whole", dir / "t", fs::copy_options::overwrite_existing);
    std::fstream file{dir / "t", std::ios::in | std::ios::out | std::ios::binary};
    for (int i = 0; i < 20; ++i) {
      file.seekp(static_cast<std::streamoff>(random() % length));
      file.put(static_cast<char>(random()));
    }
    file.close();
    const auto table = gitfs::size_table::open(dir / "t");
    known(*table, 0, 2000); // checks what it knows
    for (std::uint64_t n = 0; n + 7 <= 2000; n += 7)
      knows(*table, tree_from(n));
    table->put(sizes_from(10'000, 10));
    table->put(sizes_from(0, 2000));
  }
}

BOOST_AUTO_TEST_CASE(damage_while_it_is_open_is_no_wrong_size_and_no_end) {
  temp_dir dir;
  std::mt19937 random{17};
  for (unsigned round = 0; round < rounds(40); ++round) {
    const fs::path path = dir / std::to_string(round);
    const auto table = gitfs::size_table::open(path);
    table->put(sizes_from(0, 2000));
    put_tree(*table, tree_from(0));
    table->trim();
    known(*table, 0, 2000);
    if (round % 4 == 0) {
      fs::resize_file(path, random() % fs::file_size(path));
    } else {
      std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
      const std::uintmax_t length = round % 4 == 1 ? 64 : fs::file_size(path);
      for (int i = 0; i < 50; ++i) {
        const auto at = static_cast<std::streamoff>(random() % length);
        file.seekg(at);
        const int byte = file.get();
        file.seekp(at);
        file.put(static_cast<char>(byte ^ (1 << random() % 8)));
      }
    }
    known(*table, 0, 2000);
    knows(*table, tree_from(0));
    table->put(sizes_from(10'000, 2000));
    table->trim();
    BOOST_TEST(known(*table, 10'000, 2000) == 2000u);
    table->check();
    known(*table, 0, 2000);
  }
}

BOOST_AUTO_TEST_CASE(a_disk_that_takes_no_more_loses_what_is_new_alone) {
  temp_dir dir;
  const int status = wait_for(in_child([&] {
    const auto table = gitfs::size_table::open(dir / "t");
    table->put(sizes_from(0, 300));
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit most{fs::file_size(dir / "t") + 1000, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &most);
    for (std::uint64_t n = 300; n < 5'000; n += 100)
      table->put(sizes_from(n, 100));
    table->trim();
    std::uint64_t size = unknown_size;
    for (std::uint64_t n = 0; n < 300; ++n)
      if ((size = size_of(*table, numbered(n))) != n * 3)
        ::_exit(1);
    ::_exit(fs::exists((dir / "t").string() + ".new") ? 2 : 0);
  }));
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_an_empty_table) {
  temp_dir dir;
  std::ofstream{dir / "t"};
  const auto table = gitfs::size_table::open(dir / "t");
  table->put(sizes_from(0, 10));
  BOOST_TEST(known(*table, 0, 10) == 10u);
}

BOOST_AUTO_TEST_CASE(a_file_cut_short_is_a_miss_and_then_new) {
  for (const std::uintmax_t pages : {2, 3, 5, 10, 20}) {
    temp_dir dir;
    put_in_child(dir / "t", 0, 5000, true);
    BOOST_REQUIRE(fs::file_size(dir / "t") > pages * 4096);
    fs::resize_file(dir / "t", pages * 4096);
    for (int opening = 0; opening < 2; ++opening) {
      const auto table = gitfs::size_table::open(dir / "t");
      BOOST_TEST(known(*table, 0, 5000) < 5000u);
      table->put(sizes_from(10'000, 10));
    }
    const auto table = gitfs::size_table::open(dir / "t");
    table->put(sizes_from(10'000, 10));
    BOOST_TEST(known(*table, 10'000, 10) == 10u, "after " << pages << " pages");
  }
}

BOOST_AUTO_TEST_CASE(a_place_where_no_file_can_be_is_all_misses) {
  temp_dir dir;
  std::ofstream{dir / "file"};
  const auto table = gitfs::size_table::open(dir / "file" / "t");
  table->put(sizes_from(0, 10));
  BOOST_TEST(known(*table, 0, 10) == 0u);
  BOOST_TEST(table->last_use(numbered(1)) == 0u);
}

/// While it lives, this process can open no further file.
class no_descriptors {
public:
  no_descriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0; // those that are open stay
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  no_descriptors(const no_descriptors&) = delete;
  no_descriptors& operator=(const no_descriptors&) = delete;

private:
  rlimit before_{};
};

BOOST_AUTO_TEST_CASE(a_table_that_cannot_be_opened_now_is_not_thrown_away) {
  temp_dir dir;
  gitfs::size_table::open(dir / "t")->put(sizes_from(0, 10));
  {
    const no_descriptors while_this_lives;
    const auto table = gitfs::size_table::open(dir / "t");
    BOOST_TEST(known(*table, 0, 10) == 0u);
    BOOST_TEST(!table->was_damaged());
  }
  BOOST_TEST(!fs::exists(dir / "t.damaged"));
  BOOST_TEST(known(*gitfs::size_table::open(dir / "t"), 0, 10) == 10u);
}

BOOST_AUTO_TEST_CASE(threads_at_once) {
  temp_dir dir;
  const auto table = gitfs::size_table::open(dir / "t");
  std::atomic<bool> wrong = false;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t n = 0; n < 40; ++n) {
        table->put(sizes_from((t * 40 + n) * 50, 50));
        const oid id = numbered((t * 40 + n) * 50 + 7);
        if (size_of(*table, id) != ((t * 40 + n) * 50 + 7) * 3)
          wrong = true;
      }
    });
  for (auto& one : threads)
    one.join();
  BOOST_TEST(!wrong);
  BOOST_TEST(known(*table, 0, 8000) == 8000u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
