#include "backend/remote/protocol_v2.hpp"

#include "backend/os/text.hpp"

#include <cerrno>
#include <charconv>

namespace gitfs {

namespace {

void append_line(std::string& out, std::string_view a, std::string_view b = {}) {
  std::string line;
  line.reserve(a.size() + b.size() + 1);
  append_pkt(out, line.append(a).append(b).append("\n"));
}

void append_oid_lines(std::string& out, std::string_view key, std::span<const oid> ids) {
  out.reserve(out.size() + ids.size() * (4 + key.size() + oid::hex_size + 1) + 64);
  for (const oid& id : ids)
    append_line(out, key, id.hex());
}

/// A capability may only be sent to a server that has it.
std::string begin_command(std::string_view command, const capabilities* server) {
  std::string out;
  append_line(out, "command=", command);
  if (server != nullptr && !server->agent.empty())
    append_line(out, "agent=git/gitfs-actor");
  if (server != nullptr && !server->object_format.empty())
    append_line(out, "object-format=", server->object_format);
  append_delim(out);
  return out;
}

/// Hands each data packet to `line` until the flush packet that ends the answer.
/// `refused`: set by an ERR packet.
template <class Line>
result<void> feed_lines(pkt_decoder& packets, std::string_view bytes, bool& complete, bool& refused, Line line) {
  packets.feed(bytes);
  for (;;) {
    GITFS_TRY(packet, packets.next());
    if (!packet)
      return success();
    if (packet->type == pkt_type::response_end && complete)
      continue;
    if (complete)
      return fail(EIO, "the server sent more than its answer");
    if (packet->type == pkt_type::flush) {
      complete = true;
      continue;
    }
    if (packet->type != pkt_type::data)
      return fail(EIO, "the server's answer is malformed: unexpected delimiter");
    const std::string_view text = pkt_text(packet->payload);
    refused = text.starts_with("ERR ");
    if (refused)
      return BOOST_OUTCOME_V2_NAMESPACE::failure(server_error(text.substr(4)));
    GITFS_TRYV(line(text));
  }
}

/// Cuts the next word off `text`.
std::string_view take_word(std::string_view& text) {
  const std::size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  return word;
}

/// "<oid|unborn> <name>[ symref-target:<name>][ peeled:<oid>]"
result<advertised_ref> parse_ref_line(std::string_view line) {
  advertised_ref out;
  std::string_view rest = line;
  const std::string_view first = take_word(rest);
  const auto id = oid::from_hex(first);
  out.unborn = first == "unborn";
  out.name = take_word(rest);
  if ((!id && !out.unborn) || out.name.empty())
    return fail(EIO, "the server's list of refs is malformed: " + printable(line));
  out.id = id.value_or(oid{});
  while (!rest.empty()) {
    std::string_view attribute = take_word(rest);
    constexpr std::string_view symref = "symref-target:", peeled = "peeled:";
    if (attribute.starts_with(symref))
      out.symref_target = attribute.substr(symref.size());
    else if (attribute.starts_with(peeled) && !(out.peeled = oid::from_hex(attribute.substr(peeled.size()))))
      return fail(EIO, "the server's list of refs is malformed: " + printable(line));
  }
  return out;
}

} // namespace

std::string compose_ls_refs(std::span<const std::string> prefixes, const capabilities* server) {
  std::string out = begin_command("ls-refs", server);
  append_line(out, "peel");
  append_line(out, "symrefs");
  if (server != nullptr && server->ls_refs_unborn)
    append_line(out, "unborn");
  for (const std::string& prefix : prefixes)
    append_line(out, "ref-prefix ", prefix);
  append_flush(out);
  return out;
}

std::string compose_fetch(const fetch_request& request, std::string_view filter, const capabilities& server) {
  const bool of_commits = request.need != fetch_need::trees && request.need != fetch_need::blobs;
  std::string out = begin_command("fetch", &server);
  append_line(out, "no-progress");
  append_line(out, "ofs-delta");
  if (of_commits) {
    if (!request.haves.empty())
      append_line(out, "thin-pack"); // without it git takes only commits for known, and sends their trees again
    append_oid_lines(out, "shallow ", request.haves); // else they would stand for their ancestors, too
    append_line(out, "deepen 1");
  }
  if (!filter.empty())
    append_line(out, "filter ", filter);
  append_oid_lines(out, "want ", request.wants);
  if (of_commits)
    append_oid_lines(out, "have ", request.haves);
  append_line(out, "done");
  append_flush(out);
  return out;
}

std::string compose_object_info(std::span<const oid> ids) {
  std::string out = begin_command("object-info", nullptr);
  append_line(out, "size");
  append_oid_lines(out, "oid ", ids);
  append_flush(out);
  return out;
}

result<void> ls_refs_response::feed(std::string_view bytes) {
  bool refused = false;
  return feed_lines(packets_, bytes, complete_, refused, [this](std::string_view line) -> result<void> {
    GITFS_TRY(ref, parse_ref_line(line));
    refs_.push_back(std::move(ref));
    return success();
  });
}

result<void> object_info_response::feed(std::string_view bytes) {
  return feed_lines(packets_, bytes, complete_, refused_, [this](std::string_view line) -> result<void> {
    if (!header_seen_) {
      header_seen_ = true;
      return line == "size" ? result<void>{success()} : fail(EIO, "the server's list of sizes does not tell sizes");
    }
    const std::string_view whole = line;
    const auto id = oid::from_hex(take_word(line));
    std::uint64_t size = 0;
    const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), size);
    if (!id || (!line.empty() && (failure != std::errc{} || end != line.data() + line.size())))
      return fail(EIO, "the server's list of sizes is malformed: " + printable(whole));
    if (!line.empty()) // no size: the server does not have the object
      sizes_.emplace_back(*id, size);
    return success();
  });
}

} // namespace gitfs
