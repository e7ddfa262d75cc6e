// What the kernel interface alone costs: a tree in memory behind libfuse, with one thread and every permission to cache
// that an immutable snapshot gives. scripts/bench compares a walk of a mount with a walk of this.
//
//     memory_tree LISTING MOUNTPOINT      in the foreground, until it is unmounted
//
// LISTING is the output of `git ls-tree -r -t -l -z`. Names, kinds and sizes are shown; files cannot be read.

#include "fuse_bridge/libfuse.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unordered_map>
#include <vector>

namespace {

constexpr double for_ever = 1e9; // seconds

struct node {
  std::string_view name; // of the listing's text
  mode_t mode;
  off_t size;
  std::vector<std::size_t> children;
};

// By nodeid - 1; the first is the root.
std::vector<node> nodes;

node& at(fuse_ino_t ino) {
  return nodes[ino - 1];
}

struct stat attributes(fuse_ino_t ino) {
  struct stat out {};
  out.st_ino = ino;
  out.st_mode = at(ino).mode;
  out.st_nlink = 1;
  out.st_size = at(ino).size;
  out.st_blocks = (out.st_size + 511) / 512;
  return out;
}

fuse_entry_param entry(fuse_ino_t ino) {
  fuse_entry_param out{};
  out.ino = ino;
  out.attr = attributes(ino);
  out.attr_timeout = out.entry_timeout = for_ever;
  return out;
}

// "100644 blob OID    1234\tpath", ended by NUL; a folder comes before what is in it. False: it is no such listing.
bool read_listing(std::string_view text) {
  nodes.push_back({"", S_IFDIR | 0755, 4096, {}});
  std::unordered_map<std::string_view, std::size_t> folders{{"", 0}};
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t tab = line.find('\t');
    mode_t mode = 0;
    if (tab == std::string_view::npos || std::from_chars(line.data(), line.data() + 6, mode, 8).ec != std::errc{})
      return false;
    const std::string_view path = line.substr(tab + 1);
    const std::string_view number = line.substr(0, tab).substr(line.substr(0, tab).rfind(' ') + 1);
    off_t size = 4096; // a folder's is "-"
    std::from_chars(number.data(), number.data() + number.size(), size);
    if (!S_ISREG(mode) && !S_ISLNK(mode))
      mode = S_IFDIR | 0755; // also what stands for a submodule
    const std::size_t slash = path.rfind('/');
    const auto parent = folders.find(slash == std::string_view::npos ? "" : path.substr(0, slash));
    if (parent == folders.end())
      return false;
    nodes[parent->second].children.push_back(nodes.size());
    if (S_ISDIR(mode))
      folders.emplace(path, nodes.size());
    nodes.push_back({path.substr(slash + 1), mode, size, {}}); // npos + 1 is 0
  }
  return true;
}

void init(void*, fuse_conn_info* conn) {
  constexpr unsigned wanted = FUSE_CAP_READDIRPLUS | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_NO_OPEN_SUPPORT
                              | FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_CACHE_SYMLINKS;
  conn->want = conn->capable & wanted;
}

void lookup(fuse_req_t req, fuse_ino_t parent, const char* name) {
  for (const std::size_t child : at(parent).children) {
    if (nodes[child].name == name) {
      const fuse_entry_param found = entry(child + 1);
      fuse_reply_entry(req, &found);
      return;
    }
  }
  fuse_entry_param nothing{};
  nothing.entry_timeout = for_ever;
  fuse_reply_entry(req, &nothing);
}

void getattr(fuse_req_t req, fuse_ino_t ino, fuse_file_info*) {
  const struct stat found = attributes(ino);
  fuse_reply_attr(req, &found, for_ever);
}

void readlink(fuse_req_t req, fuse_ino_t ino) {
  fuse_reply_readlink(req, std::string(static_cast<std::size_t>(at(ino).size), 'x').c_str());
}

// The kernel then opens by itself, and keeps listings (fs/fuse/dir.c, file.c).
void no_open(fuse_req_t req, fuse_ino_t, fuse_file_info*) {
  fuse_reply_err(req, ENOSYS);
}

void readdirplus(fuse_req_t req, fuse_ino_t ino, std::size_t size, off_t offset, fuse_file_info*) {
  std::vector<char> out(size);
  std::size_t used = 0;
  const std::vector<std::size_t>& children = at(ino).children;
  for (auto i = static_cast<std::size_t>(offset); i < children.size() + 2; ++i) {
    fuse_entry_param each = i < 2 ? fuse_entry_param{} : entry(children[i - 2] + 1);
    if (i < 2)
      each.attr = attributes(ino); // nodeid 0: the kernel knows "." and ".." itself
    const std::string name{i == 0 ? "." : i == 1 ? ".." : nodes[children[i - 2]].name};
    const std::size_t length =
        fuse_add_direntry_plus(req, out.data() + used, size - used, name.c_str(), &each, static_cast<off_t>(i + 1));
    if (length > size - used)
      break;
    used += length;
  }
  fuse_reply_buf(req, out.data(), used);
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: memory_tree LISTING MOUNTPOINT\n", stderr);
    return 2;
  }
  std::ifstream file{argv[1], std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file || !read_listing(text)) {
    std::fprintf(stderr, "memory_tree: %s is no listing of `git ls-tree -r -t -l -z`\n", argv[1]);
    return 1;
  }
  fuse_lowlevel_ops operations{};
  operations.init = init;
  operations.lookup = lookup;
  operations.getattr = getattr;
  operations.readlink = readlink;
  operations.open = operations.opendir = no_open;
  operations.readdirplus = readdirplus;
  const char* words[] = {argv[0], "-o", "ro,nosuid,nodev,default_permissions,fsname=memory_tree"};
  fuse_args args = FUSE_ARGS_INIT(3, const_cast<char**>(words));
  fuse_session* session = fuse_session_new(&args, &operations, sizeof operations, nullptr);
  fuse_opt_free_args(&args);
  if (session == nullptr || fuse_session_mount(session, argv[2]) != 0)
    return 1; // libfuse has said why
  fuse_session_loop(session);
  fuse_session_unmount(session);
  fuse_session_destroy(session);
  return 0;
}
