#include "actors/trace/record/recorder.hpp"

#include "actors/trace/record/trace_file.hpp"
#include "backend/forge/forge_tree.hpp"
#include "config/deployment.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <unistd.h>
#include <utility>

namespace gitfs::trace {

namespace {

// Never destroyed, because threads for which the process does not wait may record until its end.
block_ring* the_ring = nullptr;
trace_file* the_file = nullptr;
file_header header;
std::uint64_t started = 0; // clock_now

listener* the_listener = nullptr;

// It has a cache line of its own, because all threads write to it, and read the variables above.
struct alignas(64) {
  std::atomic<std::uint64_t> last{0};
} orders;

struct thread_block {
  block_ring::slot* at = nullptr;
  block_writer writer;

  ~thread_block() { finish(); }

  void finish() {
    if (at != nullptr)
      the_ring->finish(*at);
    at = nullptr;
    writer = {};
  }

  bool ready() {
    if (writer.has_room())
      return true;
    finish();
    at = the_ring->claim();
    writer = at != nullptr ? block_writer{the_ring->bytes_of(*at)} : block_writer{};
    return at != nullptr;
  }
};
thread_local thread_block own_block;

std::uint64_t next_order() {
  return orders.last.fetch_add(1, std::memory_order_relaxed) + 1;
}

template <class Fields>
void put(kind what, std::uint64_t order, std::uint64_t now, Fields fields) {
  thread_block& block = own_block;
  if (!block.ready())
    return;
  encoder record = block.writer.begin(static_cast<std::uint32_t>(what), order, now - started);
  fields(record);
  block.writer.end(record);
  block_ring::publish(*block.at, block.writer);
}

// The answers of the environment to the handler that this thread runs, until they are written as a record.
struct notes {
  std::uint64_t handler = 0;
  std::string bytes;
};
thread_local notes learning;

// Trees that were recorded already. Two trees that share an element of this table are recorded more than once.
std::array<std::atomic<std::uint64_t>, 65'536> trees_known;

void put_cause(encoder& to, std::uint64_t order, std::uint64_t cause) {
  to.number(cause == 0 ? 0 : order - cause);
}

template <class Fields>
std::uint64_t edge(kind what, Fields fields) {
  if (!recording.load(std::memory_order_relaxed))
    return 0;
  if (the_listener != nullptr) {
    std::array<char, longest_record> room;
    encoder to{room.data()};
    fields(to);
    return the_listener->edge(what, cause_now, {room.data(), to.at()});
  }
  const std::uint64_t order = next_order();
  put(what, order, clock_now(), [&](encoder& to) {
    put_cause(to, order, cause_now);
    fields(to);
  });
  return order;
}

void put_learned() {
  edge(kind::learned, [](encoder& to) { to.text(learning.bytes); });
  learning.bytes.clear();
}

// Writes the bytes in pieces that fit into a record.
template <class Put>
void in_pieces(std::string_view bytes, Put put_piece) {
  do {
    put_piece(bytes.substr(0, longest_text));
    bytes.remove_prefix(std::min(bytes.size(), longest_text));
  } while (!bytes.empty());
}

void objects(kind what, std::uint64_t number, std::span<const oid> ids) {
  for (; !ids.empty(); ids = ids.subspan(std::min(ids.size(), most_ids)))
    edge(what, [&](encoder& to) {
      to.number(number);
      to.text(raw_ids(ids.first(std::min(ids.size(), most_ids))));
    });
}

} // namespace

result<void> start_recording(const recording_options& options) {
  if (options.memory == 0 && options.file.empty())
    return success();
  // A file without a ring needs blocks to fill, too.
  constexpr std::size_t least = std::size_t{1} << 20;
  start_clock();
  started = clock_now();
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  header = {static_cast<std::uint64_t>(std::chrono::nanoseconds{wall}.count()), static_cast<std::uint32_t>(::getpid())};
  auto made = std::make_unique<block_ring>(std::max(options.memory, least), !options.file.empty());
  if (!options.file.empty()) {
    GITFS_TRY(file, trace_file::start(options.file, options.file_size, header, *made));
    the_file = file.release();
  }
  the_ring = made.release();
  exact.store(!options.file.empty());
  recording.store(true, std::memory_order_release);
  return success();
}

void stop_recording() {
  recording.store(false);
  if (the_file != nullptr)
    the_file->finish();
}

block_ring* ring() {
  return the_ring;
}

std::uint64_t ring_time() {
  return clock_now() - started;
}

std::uint64_t last_order() {
  return orders.last.load(std::memory_order_relaxed);
}

file_header ring_header() {
  return header;
}

std::uint64_t kernel_request(const request_record& what) {
  return edge(kind::kernel_request, [&](encoder& to) {
    to.number(what.request);
    to.number(static_cast<std::uint64_t>(what.op));
    to.number(what.node);
    to.number(what.offset);
    to.number(what.size);
    to.text(what.name);
  });
}

reply_record data_reply(std::uint64_t offset, std::uint64_t size, std::uint64_t all) {
  return {.is = reply_kind::data,
          .bytes = std::min(size, all - std::min(offset, all)),
          .digest = digest(digest(digest_begin, offset), all)};
}

std::uint64_t dirent_digest(std::uint64_t so_far, const dirent_record& entry) {
  std::uint64_t out = digest(so_far == 0 ? digest_begin : so_far, entry.name);
  for (const std::uint64_t word : {entry.inode, std::uint64_t{entry.mode}, entry.node, entry.next})
    out = digest(out, word);
  return out;
}

void replied(const reply_record& what) {
  edge(kind::reply, [&](encoder& to) {
    to.number(what.request);
    to.number(static_cast<std::uint64_t>(what.is));
    to.number(static_cast<std::uint64_t>(what.code));
    to.fixed(what.inode);
    to.number(what.mode);
    to.number(what.size);
    to.number(what.bytes);
    to.number(what.node);
    to.fixed(what.digest);
  });
}

void refused(std::uint64_t request) {
  edge(kind::refused, [&](encoder& to) { to.number(request); });
}

std::uint64_t kernel_forget(std::uint64_t node, std::uint64_t count) {
  return edge(kind::kernel_forget, [&](encoder& to) {
    to.number(node);
    to.number(count);
  });
}

std::uint64_t interrupted(std::uint64_t request) {
  return edge(kind::interrupted, [&](encoder& to) { to.number(request); });
}

void spawned(std::uint64_t inode, std::uint64_t parent, std::string_view name, const oid& tree, std::uint32_t slot) {
  edge(kind::spawned, [&](encoder& to) {
    to.fixed(inode);
    to.fixed(parent);
    to.text(name);
    to.id(tree);
    to.number(slot);
  });
}

void mounted(const mount_record& what) {
  edge(kind::mounted, [&](encoder& to) {
    to.id(what.commit);
    to.id(what.tree);
    to.number(what.prefetch ? 2 : 0); // 1: versions that did not read folders ahead as sets
    to.number(static_cast<std::uint64_t>(exact.load(std::memory_order_relaxed) ? exactness::full : exactness::partial));
    to.number(what.remote ? 1 : 0);
    to.number(what.trees_ahead);
    to.number(what.memory);
  });
  // The record goes to the file at once, because this thread may not record anything else for a long time, and a file
  // without this record is of no use.
  if (exact.load(std::memory_order_relaxed))
    own_block.finish();
}

namespace {

// True if both are the same repository, which is opened once although it is shown at two refs.
bool same_source(const shown_repository& a, const shown_repository& b) {
  return a.source == b.source && a.token == b.token && a.username == b.username;
}

bool same_source(const shown_forge& a, const shown_forge& b) {
  shown_forge same = b;
  same.path = a.path;
  same.follow = a.follow;
  return a == same;
}

// The index of the source among the known ones, to which it is added if it is new.
template <class Entry>
std::uint64_t number_of(const Entry& one, std::vector<Entry>& known) {
  auto at = std::ranges::find_if(known, [&](const Entry& each) { return same_source(each, one); });
  if (at == known.end())
    at = known.insert(at, one);
  return static_cast<std::uint64_t>(at - known.begin());
}

void put_follow(encoder& to, const follow_mode& follow) {
  to.number(static_cast<std::uint64_t>(follow.kind));
  to.number(static_cast<std::uint64_t>(follow.every.count()));
}

} // namespace

std::uint64_t shown(const deployment& tree, shown_sources& before) {
  const std::uint64_t order = edge(kind::shown_tree, [&](encoder& to) {
    to.number(tree.repositories.size());
    to.number(tree.forges.size());
  });
  const because_of in{order};
  for (const shown_repository& each : tree.repositories)
    edge(kind::shown_repository, [&](encoder& to) {
      to.text(each.path);
      to.text(each.ref);
      to.number(number_of(each, before.repositories));
      put_follow(to, each.follow);
    });
  for (const shown_forge& each : tree.forges)
    edge(kind::shown_forge, [&](encoder& to) {
      to.text(each.path);
      to.number(static_cast<std::uint64_t>(each.kind));
      put_follow(to, each.follow);
      to.number(number_of(each, before.forges));
    });
  if (exact.load(std::memory_order_relaxed))
    own_block.finish(); // for the same reason as in `mounted`
  return order;
}

void learned(std::string_view bytes) {
  if (learning.handler == 0)
    return;
  in_pieces(bytes, [](std::string_view piece) {
    if (learning.bytes.size() + piece.size() > longest_text)
      put_learned();
    learning.bytes += piece;
  });
}

bool is_new_tree(const oid& id) {
  std::uint64_t word = 0;
  std::memcpy(&word, id.bytes.data(), sizeof word);
  return trees_known[word % trees_known.size()].exchange(word, std::memory_order_relaxed) != word;
}

void tree(const oid& id, std::string_view contents) {
  in_pieces(contents, [&](std::string_view piece) {
    edge(kind::tree, [&](encoder& to) {
      to.id(id);
      to.number(static_cast<std::uint64_t>(piece.data() - contents.data()));
      to.number(contents.size());
      to.text(piece);
    });
  });
}

void sizes(std::uint64_t transfer, std::span<const std::pair<oid, std::uint64_t>> reported) {
  if (reported.empty())
    return;
  std::string bytes;
  for (const auto& [id, size] : reported) {
    std::array<char, oid::raw_size + 10> room;
    encoder to{room.data()};
    to.id(id);
    to.number(size);
    bytes.append(room.data(), to.at());
  }
  in_pieces(bytes, [&](std::string_view piece) {
    edge(kind::sizes, [&](encoder& to) {
      to.number(transfer);
      to.text(piece);
    });
  });
}

void forge_answered(std::uint64_t call, std::span<const forge_entry> reported) {
  for (const forge_entry& each : reported)
    edge(kind::forge_entry, [&](encoder& to) {
      to.number(call);
      to.text(each.name);
      to.number(each.is_repository ? 1 : each.assumed ? 2 : 0);
    });
}

std::uint64_t digest(std::uint64_t so_far, std::string_view text) {
  for (const char c : text)
    so_far = digest(so_far, static_cast<unsigned char>(c));
  return so_far;
}

std::uint64_t digest(std::uint64_t so_far, const oid& id) {
  std::uint64_t word = 0;
  std::memcpy(&word, id.bytes.data(), sizeof word);
  return digest(so_far, word);
}

void listen(listener* to) {
  the_listener = to;
  exact.store(false);
  recording.store(to != nullptr);
}

std::uint64_t transfer_started(std::uint64_t number, std::uint8_t what, std::span<const oid> ids) {
  return edge(kind::transfer_started, [&](encoder& to) {
    to.number(number);
    to.number(what);
    to.number(ids.size());
    to.id(ids.empty() ? oid{} : ids.front());
  });
}

void want_objects(std::uint64_t want, std::span<const oid> ids) {
  objects(kind::want_objects, want, ids);
}

void transfer_objects(std::uint64_t number, std::span<const oid> ids) {
  objects(kind::transfer_objects, number, ids);
}

std::uint64_t transfer_finished(const transfer_end& what) {
  return edge(kind::transfer_finished, [&](encoder& to) {
    to.number(what.number);
    to.number(static_cast<std::uint64_t>(what.code));
    to.number(what.bytes);
    to.number(what.requests);
    to.number(what.sizes);
  });
}

handling::handling(const actor_key& by, kind what, const sent_by& stamp, field_writer fields, const void* message) {
  if (!recording.load(std::memory_order_relaxed))
    return;
  if (the_listener != nullptr) {
    std::array<char, longest_record> room;
    encoder to{room.data()};
    if (fields != nullptr)
      fields(to, message);
    order_ = the_listener->taken(by, what, stamp, {room.data(), to.at()});
    before_ = std::exchange(cause_now, order_);
    return;
  }
  order_ = next_order();
  if (exact.load(std::memory_order_relaxed))
    learning.handler = order_;
  begin_ = clock_now_after(stamp.time);
  before_ = std::exchange(cause_now, order_);
  root_before_ = std::exchange(root_now, stamp.root);
  put(what, order_, begin_, [&](encoder& to) {
    put_cause(to, order_, stamp.cause);
    to.number(static_cast<std::uint64_t>(by.is));
    to.fixed(by.inode);
    to.number(stamp.time == 0 ? 0 : begin_ - stamp.time);
    if (fields != nullptr)
      fields(to, message);
  });
}

handling::~handling() {
  if (order_ == 0)
    return;
  if (!learning.bytes.empty())
    put_learned();
  learning.handler = 0;
  cause_now = before_;
  root_now = root_before_;
  if (the_listener != nullptr)
    return;
  const std::uint64_t end = clock_now();
  put(kind::handled, order_, end, [&](encoder& to) { to.number(end - begin_); });
}

} // namespace gitfs::trace
