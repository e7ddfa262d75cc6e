// One HTTP request for a thread that waits for it. The thread reads the body in pieces, with back-pressure.
#pragma once

#include "backend/http/http_client.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace gitfs {

/// The number of bytes received so far, which other threads may read.
using byte_count = std::shared_ptr<std::atomic<std::uint64_t>>;

/// Used by one thread. Destruction, or a stop request from any thread, cancels the request and ends a call that waits.
class http_exchange {
public:
  /// `arrived`, if set, grows by the number of bytes that are read.
  http_exchange(http_client& client, http_request request, std::stop_token stop, byte_count arrived = nullptr);
  ~http_exchange() = default;
  http_exchange(const http_exchange&) = delete;
  http_exchange& operator=(const http_exchange&) = delete;

  /// Waits for the first bytes of the body, or the end. Status 0: there was no answer (see `end`).
  http_head head();

  /// Waits for more of the body and returns all bytes that have arrived. False: the body has ended (see `end`).
  bool read(std::string& bytes);

  /// Reads the whole body, or its first `limit` bytes (the rest is then not awaited).
  std::string read_all(std::size_t limit);

  /// How the request ended. Only after `read` gave false, or `head` status 0.
  const http_end& end() const;

  /// Bytes of the body that were read so far.
  std::uint64_t received() const { return received_; }

  /// A body longer than this stops being received until it is read. More would be new memory for each request, where
  /// bytes are written, copied and given back after they have left the processor's caches.
  static constexpr std::size_t queue_limit = std::size_t{1} << 20;

private:
  struct mailbox;

  std::shared_ptr<mailbox> mailbox_;
  std::unique_ptr<http_transfer> transfer_;
  std::uint64_t received_ = 0;
  byte_count arrived_;
  /// The last member, so that it is destroyed first: its callback uses the members above.
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

} // namespace gitfs
