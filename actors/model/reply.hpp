// The single-owner answer to one kernel request.
//
// The bridge implements `reply_sink` over fuse_reply_*; tests and replay record the answer instead. Whoever holds the
// `reply` owes the kernel an answer. A reply that is destroyed unanswered answers EIO, so a request cannot hang because
// an actor ended.
#pragma once

#include "actors/model/node_id.hpp"
#include "actors/model/path_key.hpp"
#include "backend/cache/blob_files.hpp"
#include "backend/git/object.hpp"

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace gitfs {

/// What stat shows of one inode. The owner is the same for all inodes of a mount, so the bridge adds it.
struct node_attr {
  std::uint64_t ino = 0;  ///< st_ino: stable for a path, also across remounts
  path_key key = 0;       ///< what a trace calls it
  std::uint32_t mode = 0; ///< file type and permission bits
  std::uint64_t size = 0; ///< bytes; never a guess
  std::int64_t time = 0;  ///< nanoseconds since 1970
};

/// A node that the kernel may refer to from now on: each accepted entry adds one to its nlookup.
struct node_entry {
  std::uint64_t nodeid = 0;
  std::uint32_t generation = 0; ///< of its slot in the inode table
  node_address address{};       ///< who answers for it
  node_attr attr;
  bool lasting = true; ///< false: the kernel must not cache the name, and looks it up at each use
};

/// Sends the answer to one request. Exactly one of the answering calls is made, on any thread.
class reply_sink {
public:
  virtual ~reply_sink() = default;

  virtual void error(int code) = 0;
  /// ENOENT that the kernel may remember: the directory is complete and immutable.
  virtual void absent() = 0;
  /// False if the kernel no longer wanted the answer; then the kernel has taken no reference.
  virtual bool entry(const node_entry& entry) = 0;
  virtual void attr(const node_attr& attr) = 0;
  virtual void link(std::string_view target) = 0;
  /// Sends bytes [offset, offset + size) of the object, cut at its end.
  virtual void data(const object& blob, std::uint64_t offset, std::size_t size) = 0;
  /// The same for a large blob.
  virtual void file(const blob_file& blob, std::uint64_t offset, std::size_t size) = 0;
  /// The value of an extended attribute, or the list of the names of all.
  virtual void xattr(std::string_view value) = 0;

  /// Appends one directory entry; false if it no longer fits (it was then not added). `next` is the offset that
  /// continues after it. With `node`, the entry carries a reference (readdirplus); without, name, type and ino only.
  virtual bool dirent(std::string_view name, const node_attr& attr, const node_entry* node, std::uint64_t next) = 0;
  /// Sends the entries. False if the kernel no longer wanted them; then the kernel has taken none of the references.
  virtual bool dirents_end() = 0;

  /// A number that no other request has while this one is unanswered; 0 for a question that is not the kernel's.
  virtual std::uint64_t request_id() const = 0;
  /// Called by an actor that parks the request: `interrupted` is then called (on any thread, at most once, perhaps at
  /// once) if the caller gives up, never after the answer.
  virtual void on_interrupt(std::function<void()> interrupted) = 0;
};

class reply {
public:
  reply() = default;
  explicit reply(std::unique_ptr<reply_sink> sink) : sink_(std::move(sink)) {}
  reply(reply&&) noexcept = default;
  reply& operator=(reply&& other) noexcept {
    if (this != &other) {
      give_up();
      sink_ = std::move(other.sink_);
    }
    return *this;
  }
  // CAF requires messages to be copyable. A reply has one owner, so it must never be copied.
  reply(const reply&) { std::abort(); }
  reply& operator=(const reply&) { std::abort(); }
  ~reply() { give_up(); }

  explicit operator bool() const { return sink_ != nullptr; }
  std::uint64_t request_id() const { return sink_->request_id(); }
  void on_interrupt(std::function<void()> interrupted) { sink_->on_interrupt(std::move(interrupted)); }

  void error(int code) { take()->error(code); }
  void absent() { take()->absent(); }
  [[nodiscard]] bool entry(const node_entry& e) { return take()->entry(e); }
  void attr(const node_attr& a) { take()->attr(a); }
  void link(std::string_view target) { take()->link(target); }
  void data(const object& blob, std::uint64_t offset, std::size_t size) { take()->data(blob, offset, size); }
  void file(const blob_file& blob, std::uint64_t offset, std::size_t size) { take()->file(blob, offset, size); }
  void xattr(std::string_view value) { take()->xattr(value); }
  bool dirent(std::string_view name, const node_attr& a, const node_entry* node, std::uint64_t next) {
    return sink_->dirent(name, a, node, next);
  }
  [[nodiscard]] bool dirents_end() { return take()->dirents_end(); }

private:
  std::unique_ptr<reply_sink> take() { return std::move(sink_); }
  void give_up() {
    if (sink_)
      take()->error(EIO);
  }

  std::unique_ptr<reply_sink> sink_;
};

} // namespace gitfs
