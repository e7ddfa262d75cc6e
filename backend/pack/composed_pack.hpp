// A pack made of objects that came by another way than git's protocol.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "backend/git/sha1.hpp"
#include "backend/pack/pack_sink.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <zlib.h>

namespace gitfs {

/// Objects that are collected in memory, deflated, until they go to a store together. Not thread-safe.
class composed_pack {
public:
  /// The caller has checked the name of what it adds.
  result<void> add(object_type type, std::string_view data);
  std::uint32_t objects() const { return objects_; }
  std::size_t bytes() const { return entries_.size(); }

  /// Gives all to `store`, and is empty again. With no objects it does nothing.
  result<void> commit(pack_receiver& store, pack_use use);

private:
  std::string entries_;
  std::uint32_t objects_ = 0;
};

/// One blob on its way into a store, however long. Destroyed before `commit` it leaves nothing.
class blob_pack {
public:
  /// `size`: of its contents, which must turn out to be right.
  static result<std::unique_ptr<blob_pack>> begin(pack_receiver& store, pack_use use, std::uint64_t size);
  ~blob_pack();
  blob_pack(const blob_pack&) = delete;
  blob_pack& operator=(const blob_pack&) = delete;

  result<void> append(std::string_view contents);
  std::uint64_t size() const { return size_; }
  /// The name of what was appended; once, and before `commit`.
  oid name() { return contents_.finish(); }
  result<void> commit();

private:
  explicit blob_pack(std::unique_ptr<pack_sink> sink);
  result<void> put(std::string_view bytes);
  result<void> deflate_some(std::string_view contents, int flush);

  std::unique_ptr<pack_sink> sink_;
  sha1 pack_, contents_;
  z_stream stream_{};
  std::uint64_t size_ = 0;
};

} // namespace gitfs
