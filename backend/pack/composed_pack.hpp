// Makes packs of objects that did not come by git's protocol.
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

/// Collects objects in memory, deflated, until they are stored together. Not thread-safe.
class composed_pack {
public:
  /// Adds an object, whose hash the caller must have checked.
  result<void> add(object_type type, std::string_view data);
  std::uint32_t objects() const { return objects_; }
  std::size_t bytes() const { return entries_.size(); }

  /// Stores all collected objects, and forgets them. Does nothing without objects.
  result<void> commit(pack_receiver& store, pack_use use);

private:
  std::string entries_;
  std::uint32_t objects_ = 0;
};

/// Writes one blob of any length into a store. If it is destroyed before `commit`, it leaves nothing.
class blob_pack {
public:
  /// `size`: the size of the contents, which must be exactly what is appended.
  static result<std::unique_ptr<blob_pack>> begin(pack_receiver& store, pack_use use, std::uint64_t size);
  ~blob_pack();
  blob_pack(const blob_pack&) = delete;
  blob_pack& operator=(const blob_pack&) = delete;

  result<void> append(std::string_view contents);
  std::uint64_t size() const { return size_; }
  /// The object id of the blob that was appended. Called once, before `commit`.
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
