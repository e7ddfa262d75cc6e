// Brings the pack in one answer of a git server into the store.
#pragma once

#include "backend/http/http_attempt.hpp"
#include "backend/pack/pack_sink.hpp"
#include "backend/remote/upstream.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace gitfs {

/// Used by one thread, for one answer.
class pack_download {
public:
  /// `objects_come`: called once it is known that the pack has objects. `silence_passes`: an answer without a byte is a
  /// failure that may pass, because the server has answered such requests before.
  pack_download(pack_receiver& store, const fetch_request& request, std::function<void()> objects_come,
                bool silence_passes)
    : store_(store),
      request_(request),
      objects_come_(std::move(objects_come)),
      silence_passes_(silence_passes) {}

  attempt_result read(http_exchange& exchange, const std::stop_token& stop);

  /// The size of the blob, if the blob was too large.
  std::optional<std::uint64_t> size() const { return size_of_blob_; }
  /// True if the server has refused the request with an error.
  bool refused() const { return refused_; }
  /// True if the answer was complete and empty, which is how git before 2.25 dies of a filter that it does not know.
  bool silent() const { return silent_; }

private:
  void check_start(std::string_view bytes);
  result<void> take(std::string_view bytes);
  attempt_result failed(error what) const;

  pack_receiver& store_;
  const fetch_request& request_;
  const std::function<void()> objects_come_;
  const bool silence_passes_;
  std::uint64_t size_ = 0;
  std::string start_; // the first bytes of the pack
  std::optional<std::uint64_t> size_of_blob_;
  std::unique_ptr<pack_sink> sink_;
  bool sink_failed_ = false, refused_ = false, silent_ = false;
};

} // namespace gitfs
