// The reply to a question about the mount itself.
#pragma once

#include "actors/model/reply.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace gitfs {

/// What all replies to such questions have in common. A question is no request of the kernel, so it is neither counted
/// nor recorded. Actors answer it with a text, as the value of an extended attribute, or with an errno; every other
/// answer is an error of the actor and becomes EIO.
class question_reply : public reply_sink {
public:
  void xattr(std::string_view text) override = 0;
  void error(int code) override = 0;
  /// What to do if the asker gives up. Nothing, unless the asker can.
  void on_interrupt(std::function<void()>) override {}

  void absent() final { error(ENOENT); }
  bool entry(const node_entry&) final { return error(EIO), false; }
  void attr(const node_attr&) final { error(EIO); }
  void link(std::string_view) final { error(EIO); }
  void data(const object&, std::uint64_t, std::size_t) final { error(EIO); }
  void file(const blob_file&, std::uint64_t, std::size_t) final { error(EIO); }
  bool dirent(std::string_view, const node_attr&, const node_entry*, std::uint64_t) final { return false; }
  bool dirents_end() final { return error(EIO), false; }
  std::uint64_t request_id() const final { return 0; }
};

} // namespace gitfs
