#include "backend/store/table/lmdb_check.hpp"

#include <lmdb.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace gitfs {

namespace {

static_assert(sizeof(std::size_t) == 8, "the layout of LMDB's pages depends on it");

constexpr std::uint64_t no_page = ~std::uint64_t{0};
constexpr std::uint16_t branch_page = 0x01, leaf_page = 0x02, overflow_page = 0x04;
constexpr std::uint16_t big_data = 0x01, sub_database = 0x02, duplicates = 0x04;

struct page_header {
  std::uint64_t number;
  std::uint16_t pad, flags, lower, upper; // lower and upper of an overflow page are its number of pages
};

struct database {
  std::uint32_t pad;
  std::uint16_t flags, depth;
  std::uint64_t branches, leaves, overflows, entries, root;
};

struct meta_page {
  page_header header;
  std::uint32_t magic, version;
  std::uint64_t address, map_size;
  database databases[2]; // of free pages, and the main one
  std::uint64_t last_page, transaction;
};

struct node {
  std::uint16_t low, high, flags, key_size;

  std::uint64_t size() const { return low | std::uint64_t{high} << 16; }
  std::uint64_t child() const { return size() | std::uint64_t{flags} << 32; }
};

static_assert(sizeof(page_header) == 16 && sizeof(database) == 48 && sizeof(meta_page) == 152 && sizeof(node) == 8);

template <class T>
T taken_from(const std::vector<char>& page, std::size_t at) {
  T out;
  std::memcpy(&out, page.data() + at, sizeof out);
  return out;
}

class walk {
public:
  walk(int fd, std::size_t page_size, std::uint64_t pages_in_file)
    : fd_(fd),
      page_size_(page_size),
      pages_in_file_(pages_in_file) {}

  bool whole(std::size_t transaction) {
    std::vector<char> page(page_size_);
    for (const std::uint64_t number : {0, 1}) {
      if (!load(number, page))
        return false;
      const auto meta = taken_from<meta_page>(page, 0);
      if (meta.transaction != transaction)
        continue;
      last_page_ = meta.last_page;
      return tree(meta.databases[0], true) && tree(meta.databases[1], false);
    }
    return false;
  }

private:
  bool load(std::uint64_t number, std::vector<char>& page) const {
    return number < pages_in_file_
           && ::pread(fd_, page.data(), page_size_, static_cast<off_t>(number * page_size_))
                  == static_cast<ssize_t>(page_size_);
  }

  bool tree(const database& of, bool is_free_list) {
    constexpr std::uint16_t deepest = 32; // LMDB's stack of pages
    if (of.root == no_page)
      return true;
    return of.depth > 0 && of.depth < deepest && visit(of.root, of.depth, is_free_list);
  }

  bool visit(std::uint64_t number, unsigned levels, bool is_free_list) {
    std::vector<char> page(page_size_);
    // No page is used twice, so counting them ends a walk in circles.
    if (number < 2 || number > last_page_ || ++visited_ > last_page_ || !load(number, page))
      return false;
    const auto header = taken_from<page_header>(page, 0);
    const bool leaf = levels == 1;
    if (header.number != number || header.flags != (leaf ? leaf_page : branch_page) || header.lower < sizeof header
        || header.lower % 2 != 0 || header.lower > header.upper || header.upper > page_size_)
      return false;
    const std::size_t nodes = (header.lower - sizeof header) / 2;
    if (nodes < (leaf ? 1 : 2))
      return false;
    for (std::size_t i = 0; i < nodes; ++i) {
      const std::size_t at = taken_from<std::uint16_t>(page, sizeof header + 2 * i);
      if (at < header.upper || at + sizeof(node) > page_size_)
        return false;
      const auto one = taken_from<node>(page, at);
      const std::size_t data = at + sizeof(node) + one.key_size;
      if (data > page_size_)
        return false;
      if (!(leaf ? leaf_node(page, one, data, is_free_list) : visit(one.child(), levels - 1, is_free_list)))
        return false;
    }
    return true;
  }

  bool leaf_node(const std::vector<char>& page, const node& one, std::size_t data, bool is_free_list) {
    if ((one.flags & duplicates) != 0)
      return false; // no table of ours has any
    if ((one.flags & big_data) != 0)
      return data + sizeof(std::uint64_t) <= page_size_
             && overflow(taken_from<std::uint64_t>(page, data), one.size(), is_free_list);
    if (data + one.size() > page_size_)
      return false;
    if (is_free_list)
      return page_list(page.data() + data, one.size());
    return (one.flags & sub_database) == 0
           || (one.size() == sizeof(database) && tree(taken_from<database>(page, data), false));
  }

  bool overflow(std::uint64_t number, std::uint64_t size, bool is_free_list) {
    const std::uint64_t pages = (sizeof(page_header) + size - 1) / page_size_ + 1;
    std::vector<char> first(page_size_);
    if (number < 2 || number > last_page_ || pages > last_page_ - number + 1 || !load(number, first))
      return false;
    const auto header = taken_from<page_header>(first, 0);
    if (header.number != number || header.flags != overflow_page
        || (header.lower | std::uint64_t{header.upper} << 16) != pages)
      return false;
    std::vector<char> all(pages * page_size_);
    return ::pread(fd_, all.data(), all.size(), static_cast<off_t>(number * page_size_))
               == static_cast<ssize_t>(all.size())
           && (!is_free_list || page_list(all.data() + sizeof header, size));
  }

  /// Pages that LMDB will write over: their number, then each, the highest first.
  bool page_list(const char* data, std::uint64_t size) const {
    std::vector<std::uint64_t> words(size / sizeof(std::uint64_t));
    std::memcpy(words.data(), data, words.size() * sizeof(std::uint64_t));
    if (words.empty() || size % sizeof(std::uint64_t) != 0 || words[0] != words.size() - 1)
      return false;
    for (std::size_t i = 1; i < words.size(); ++i)
      if (words[i] < 2 || words[i] > last_page_ || (i > 1 && words[i] >= words[i - 1]))
        return false;
    return true;
  }

  int fd_;
  std::size_t page_size_;
  std::uint64_t pages_in_file_, last_page_ = 0, visited_ = 0;
};

} // namespace

int check_pages(MDB_env* env) {
  MDB_txn* raw = nullptr; // keeps writers from using the pages of this snapshot again
  if (const int status = mdb_txn_begin(env, nullptr, MDB_RDONLY, &raw))
    return status;
  const std::unique_ptr<MDB_txn, void (*)(MDB_txn*)> txn{raw, mdb_txn_abort};
  if (mdb_txn_id(raw) == 0)
    return 0; // nothing was ever written
  MDB_stat stat;
  mdb_filehandle_t fd = -1;
  struct stat on_disk;
  if (mdb_env_stat(env, &stat) != 0 || mdb_env_get_fd(env, &fd) != 0 || ::fstat(fd, &on_disk) != 0
      || stat.ms_psize < sizeof(meta_page) || stat.ms_psize > 65536)
    return MDB_CORRUPTED;
  walk all{fd, stat.ms_psize, static_cast<std::uint64_t>(on_disk.st_size) / stat.ms_psize};
  return all.whole(mdb_txn_id(raw)) ? 0 : MDB_CORRUPTED;
}

} // namespace gitfs
