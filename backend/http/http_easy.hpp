// One request by libcurl's easy interface. Used by http_client's thread only.
#pragma once

#include "backend/http/http_client.hpp"

#include <array>
#include <chrono>
#include <curl/curl.h>
#include <memory>
#include <optional>
#include <string>

namespace gitfs {

class http_easy {
public:
  using clock = std::chrono::steady_clock;

  http_easy(http_request request, std::shared_ptr<http_handler> handler, const http_client_options& options);
  http_easy(const http_easy&) = delete;
  http_easy& operator=(const http_easy&) = delete;

  CURL* handle() const { return easy_.get(); }
  static http_easy& of(CURL* handle);

  /// ETIMEDOUT if the deadline has passed, or no byte has moved for too long. It compares libcurl's counters, so it
  /// must be called after every round of transfers.
  std::optional<http_end> overdue(clock::time_point now);
  /// When `overdue` must be called next.
  clock::time_point next_check() const;

  /// False: its connection speaks HTTP/1 for certain.
  bool may_be_http2() const;

  void resume(clock::time_point now);
  /// Ends the request by calling the handler; the object is of no use afterwards.
  void end(CURLcode code);
  /// Ends the request as `how` says; the head is filled in here.
  void end(http_end how);

private:
  static int before_request(void* self, char*, char*, int, int);
  static std::size_t write(char* bytes, std::size_t size, std::size_t count, void* self);
  std::size_t write(std::string_view bytes);
  static std::size_t header(char* bytes, std::size_t size, std::size_t count, void* self);
  void header(std::string_view line);
  http_head read_head() const;
  http_challenge read_challenge() const;
  std::string host() const;
  std::string name_of_host() const;

  http_request request_;
  std::shared_ptr<http_handler> handler_;
  std::array<char, CURL_ERROR_SIZE> detail_{}; // libcurl's words for what failed
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_{nullptr, curl_slist_free_all};
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_{nullptr, curl_easy_cleanup};
  std::optional<http_head> head_;
  bool headers_complete_ = false; // all headers of the latest answer have arrived
  bool paused_ = false;
  bool left_unverified_host_ = false; // a redirect led to another host while certificates are not verified
  curl_off_t moved_ = -1;
  clock::time_point last_move_ = clock::now();
};

} // namespace gitfs
