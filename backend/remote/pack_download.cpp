#include "backend/remote/pack_download.hpp"

#include "backend/git/object_db.hpp"
#include "backend/pack/pack_format.hpp"
#include "backend/remote/fetch_response.hpp"

#include <cerrno>
#include <utility>

namespace gitfs {

attempt_result pack_download::read(http_exchange& exchange, const std::stop_token& stop) {
  fetch_response response{[this](std::string_view bytes) { return take(bytes); }};
  std::string piece;
  while (exchange.read(piece)) {
    if (stop.stop_requested())
      break;
    if (auto fed = response.feed(piece); !fed) {
      refused_ = response.refused();
      return failed(std::move(fed.error()));
    }
  }
  if (stop.stop_requested())
    return attempt_failure{{ECANCELED, "the request was cancelled"}};
  if (!response.complete()) {
    silent_ = exchange.received() == 0 && exchange.end().failure == 0;
    attempt_failure out = cut_off(exchange);
    out.transient = out.transient && (!silent_ || silence_passes_);
    return out;
  }
  if (!sink_)
    return attempt_failure{{EIO, "the server sent no pack"}};
  auto done = sink_->commit();
  sink_failed_ = !done;
  return done ? attempt_result{} : failed(std::move(done.error()));
}

/// How many objects there are; and the size of the blob that is all there is in the pack.
void pack_download::check_start(std::string_view bytes) {
  constexpr std::size_t longest = pack_header_size + 16;
  if (start_.size() >= longest)
    return;
  const bool header_was_here = start_.size() >= pack_header_size;
  start_ += bytes.substr(0, longest - start_.size());
  const auto objects = parse_pack_header(start_);
  if (!header_was_here && objects && *objects != 0 && objects_come_)
    objects_come_();
  if (!header_was_here && objects && *objects <= request_.few && request_.came_few)
    request_.came_few();
  if (request_.size_limit == 0 || request_.wants.size() != 1 || objects != 1U)
    return;
  const auto entry = entry_header::parse(std::string_view{start_}.substr(pack_header_size));
  if (entry && entry.value() && entry.value()->type == static_cast<unsigned>(object_type::blob)
      && entry.value()->size > request_.size_limit)
    size_of_blob_ = entry.value()->size;
}

result<void> pack_download::take(std::string_view bytes) {
  const std::uint64_t before = std::exchange(size_, size_ + bytes.size());
  check_start(bytes);
  if (size_of_blob_)
    return fail(EFBIG, "the blob has more than " + std::to_string(request_.size_limit) + " bytes");
  if (request_.byte_limit != 0 && size_ > request_.byte_limit)
    return fail(EFBIG, "the pack is longer than the limit of " + std::to_string(request_.byte_limit) + " bytes");
  if (request_.grew_long && before <= request_.long_from && size_ > request_.long_from)
    request_.grew_long();
  if (!sink_) {
    GITFS_TRY(sink, store_.new_pack(request_.use));
    sink_ = std::move(sink);
  }
  auto done = sink_->append(bytes);
  sink_failed_ = !done;
  return done;
}

/// A pack that does not check may have been damaged on its way, so it is worth asking again; a full disk is not.
attempt_result pack_download::failed(error what) const {
  const bool transient = sink_failed_ && what.code == EIO;
  return attempt_failure{std::move(what), transient};
}

} // namespace gitfs
