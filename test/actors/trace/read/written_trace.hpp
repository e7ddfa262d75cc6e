// A trace that a test writes record by record, without actors.
#pragma once

#include "actors/trace/read/trace_reader.hpp"

#include "test/support/outcome.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace gitfs::test {

/// Order numbers count from 1, a millisecond apart if nothing else is said. What is written fits into one block.
class written_trace {
public:
  template <class Fields>
  void edge(trace::kind what, std::uint64_t cause, Fields fields) {
    ++order_;
    trace::encoder e = writer_.begin(static_cast<std::uint32_t>(what), order_, now());
    e.number(cause == 0 ? 0 : order_ - cause);
    fields(e);
    writer_.end(e);
  }

  void spawned(std::uint64_t inode, std::uint64_t parent, std::string_view name) {
    edge(trace::kind::spawned, 0, [&](trace::encoder& e) {
      e.fixed(inode);
      e.fixed(parent);
      e.text(name);
      e.id({});
    });
  }

  /// A lookup of `name`.
  void request(std::uint64_t number, std::string_view name = "looked\xff\n") {
    edge(trace::kind::kernel_request, 0, [&](trace::encoder& e) {
      for (const std::uint64_t each : {number, std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0}, std::uint64_t{0}})
        e.number(each);
      e.text(name);
    });
  }

  void reply(std::uint64_t number, std::uint64_t cause, trace::reply_kind is = trace::reply_kind::absent,
             std::uint64_t error = 0) {
    edge(trace::kind::reply, cause, [&](trace::encoder& e) {
      e.number(number);
      e.number(static_cast<std::uint64_t>(is));
      e.number(error);
    });
  }

  /// Waited for 1.5 us; `took` nanoseconds.
  template <class Fields>
  void message_with(trace::kind what, std::uint64_t cause, const trace::actor_key& by, std::uint64_t took,
                    Fields fields) {
    edge(what, cause, [&](trace::encoder& e) {
      e.number(static_cast<std::uint64_t>(by.is));
      e.fixed(by.inode);
      e.number(1500);
      fields(e);
    });
    trace::encoder e = writer_.begin(static_cast<std::uint32_t>(trace::kind::handled), order_, now() + took);
    e.number(took);
    writer_.end(e);
  }

  void message(trace::kind what, std::uint64_t cause, const trace::actor_key& by, std::uint64_t first,
               std::uint64_t second, std::uint64_t took = 4000) {
    message_with(what, cause, by, took, [&](trace::encoder& e) {
      e.number(first);
      e.number(second);
    });
  }

  std::uint64_t order() const { return order_; }
  /// Of the next record: as if those between had been lost.
  void skip(std::uint64_t orders) { order_ += orders; }
  /// What follows has taken place so much earlier.
  void earlier(std::uint64_t nanoseconds) { back_ += nanoseconds; }

  std::string bytes() const {
    char head[trace::file_header_size];
    trace::put_file_header(head, {0, 5});
    std::string out(head, sizeof head);
    const std::string_view payload{block_.data() + trace::block_header_size, writer_.used()};
    char block_head[trace::block_header_size];
    trace::put_block_header(block_head, writer_.first_order(), writer_.first_time(), payload);
    return out.append(block_head, sizeof block_head).append(payload);
  }

private:
  std::uint64_t now() const { return order_ * 1'000'000 - back_; }

  std::string block_ = std::string(trace::block_size, '\0');
  trace::block_writer writer_{block_.data()};
  std::uint64_t order_ = 0;
  std::uint64_t back_ = 0;
};

/// What a reader gives; `bytes` outlive it.
inline trace::contents read_well(std::string_view bytes) {
  auto read = trace::read_bytes(bytes);
  BOOST_REQUIRE_MESSAGE(read, reason_of(read));
  return std::move(read.value());
}

/// How often `part` stands in `text`.
inline std::size_t count_in(std::string_view text, std::string_view part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++out;
  return out;
}

} // namespace gitfs::test
