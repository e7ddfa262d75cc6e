// One attempt's pack on its way from the answer of a git server to the store.
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
  /// `objects_come`: called once when the pack is known to have any. `silence_passes`: an answer without a byte is a
  /// failure that may pass, since the server has answered such requests.
  pack_download(pack_receiver& store, const fetch_request& request, std::function<void()> objects_come,
                bool silence_passes)
    : store_(store),
      request_(request),
      objects_come_(std::move(objects_come)),
      silence_passes_(silence_passes) {}

  attempt_result read(http_exchange& exchange, const std::stop_token& stop);

  /// Of the blob that was too large.
  std::optional<std::uint64_t> size() const { return size_of_blob_; }
  /// The server said in words that it does not do this.
  bool refused() const { return refused_; }
  /// The answer was properly ended and had nothing in it: git before 2.25 dies so of a filter that it does not know.
  bool silent() const { return silent_; }

private:
  void look_at_start(std::string_view bytes);
  result<void> take(std::string_view bytes);
  attempt_result failed(error what) const;

  pack_receiver& store_;
  const fetch_request& request_;
  const std::function<void()> objects_come_;
  const bool silence_passes_;
  std::uint64_t size_ = 0;
  std::string start_; // of the pack
  std::optional<std::uint64_t> size_of_blob_;
  std::unique_ptr<pack_sink> sink_;
  bool sink_failed_ = false, refused_ = false, silent_ = false;
};

} // namespace gitfs
