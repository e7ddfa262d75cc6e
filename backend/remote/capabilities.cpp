#include "backend/remote/capabilities.hpp"

#include "backend/git/oid.hpp"
#include "backend/os/text.hpp"
#include "backend/remote/pkt_line.hpp"

#include <algorithm>
#include <cerrno>
#include <sstream>

namespace gitfs {

namespace {

bool has_word(std::string_view list, std::string_view word) {
  std::istringstream words{std::string{list}};
  for (std::string each; words >> each;)
    if (each == word)
      return true;
  return false;
}

/// github.com and GitHub Enterprise call themselves so. A hint that saves a request: what they take is found out as of
/// any server.
constexpr std::string_view github_agent = "git/github-";

/// Each line "key[=value]" of the advertisement that matters here.
constexpr struct {
  std::string_view key;
  void (*take)(capabilities&, std::string_view value);
} known_lines[] = {
    {"agent",
     [](capabilities& c, std::string_view value) {
       c.agent = printable(value);
       c.deep_tree_filter = !c.agent.starts_with(github_agent);
     }},
    {"object-format", [](capabilities& c, std::string_view value) { c.object_format = value; }},
    {"ls-refs",
     [](capabilities& c, std::string_view value) {
       c.ls_refs = true;
       c.ls_refs_unborn = has_word(value, "unborn");
     }},
    {"fetch",
     [](capabilities& c, std::string_view value) {
       c.fetch = true;
       c.fetch_shallow = has_word(value, "shallow");
       c.fetch_filter = has_word(value, "filter");
       c.fetch_wait_for_done = has_word(value, "wait-for-done");
     }},
    // git 2.32 to 2.39 give no value, later ones may list what they tell
    {"object-info",
     [](capabilities& c, std::string_view value) { c.object_info = value.empty() || has_word(value, "size"); }},
    {"server-option", [](capabilities& c, std::string_view) { c.server_option = true; }},
};

void take_line(capabilities& out, std::string_view line) {
  const std::size_t equals = line.find('=');
  const std::string_view key = line.substr(0, equals);
  for (const auto& known : known_lines)
    if (known.key == key)
      known.take(out, equals == std::string_view::npos ? std::string_view{} : line.substr(equals + 1));
}

/// "<oid> <ref>[NUL capabilities]" is how protocols 0 and 1 begin.
bool is_old_ref_line(std::string_view line) {
  return line.size() > oid::hex_size && line[oid::hex_size] == ' ' && oid::from_hex(line.substr(0, oid::hex_size));
}

/// "<oid>TAB<ref>" is the file that a "dumb" server gives; its first digits may pass for a length.
bool is_dumb(std::string_view body) {
  return body.size() > oid::hex_size && body[oid::hex_size] == '\t' && oid::from_hex(body.substr(0, oid::hex_size));
}

auto cut_off() {
  return fail(EPROTO, "the server's capability advertisement is cut off");
}

result<capabilities> parse_version_2(pkt_decoder& packets) {
  capabilities out;
  for (;;) {
    GITFS_TRY(packet, packets.next());
    if (!packet)
      return cut_off();
    if (packet->type == pkt_type::flush)
      break;
    if (packet->type != pkt_type::data)
      return fail(EIO, "the server's capability advertisement is malformed");
    take_line(out, pkt_text(packet->payload));
  }
  if (!out.object_format.empty() && out.object_format != "sha1")
    return fail(ENOTSUP, out.object_format == "sha256"
                             ? "SHA-256 repositories are not supported yet"
                             : "the repository uses an unknown object format: " + printable(out.object_format));
  if (!out.ls_refs || !out.fetch)
    return fail(ENOTSUP, "the server does not offer the commands ls-refs and fetch");
  return out;
}

} // namespace

result<capabilities> parse_capabilities(std::string_view body) {
  pkt_decoder packets;
  packets.feed(body);
  bool preamble = false;
  for (;;) {
    auto next = packets.next();
    if (!next || is_dumb(body))
      return fail(ENOTSUP,
                  "the answer to /info/refs is not that of a git server with the smart HTTP protocol (\"dumb\" "
                  "HTTP repositories are not supported)");
    if (!next.value())
      return cut_off();
    const pkt packet = *next.value();
    const std::string_view line = pkt_text(packet.payload);
    if (packet.type == pkt_type::flush && preamble) {
      preamble = false;
      continue;
    }
    if (packet.type != pkt_type::data)
      return fail(EIO, "the server's capability advertisement is malformed");
    if (line == "# service=git-upload-pack") {
      preamble = true;
      continue;
    }
    if (line.starts_with("ERR "))
      return BOOST_OUTCOME_V2_NAMESPACE::failure(server_error(line.substr(4)));
    if (line == "version 2")
      return parse_version_2(packets);
    if (line == "version 1" || is_old_ref_line(line))
      return fail(ENOTSUP,
                  "the server answers in the old git protocol (version 0 or 1); version 2, which git has had since "
                  "2018, is needed. A web server in front of git before 2.34 must pass the header Git-Protocol on "
                  "(Apache: SetEnvIf Git-Protocol \".*\" GIT_PROTOCOL=$0; nginx: fastcgi_param GIT_PROTOCOL "
                  "$http_git_protocol;), and no proxy may drop it");
    return fail(EIO, "the answer to /info/refs is not a git capability advertisement");
  }
}

std::vector<std::string> lines_of(const capabilities& can) {
  const std::string fetch = std::string{can.fetch_shallow ? " shallow" : ""} + (can.fetch_filter ? " filter" : "")
                            + (can.fetch_wait_for_done ? " wait-for-done" : "");
  const struct {
    bool is;
    std::string line;
  } all[] = {{!can.agent.empty(), "agent=" + can.agent},
             {!can.object_format.empty(), "object-format=" + can.object_format},
             {can.ls_refs, can.ls_refs_unborn ? "ls-refs=unborn" : "ls-refs"},
             {can.fetch, fetch.empty() ? "fetch" : "fetch=" + fetch.substr(1)},
             {can.object_info, "object-info"},
             {can.server_option, "server-option"}};
  std::vector<std::string> out;
  for (const auto& each : all)
    if (each.is)
      out.push_back(each.line);
  return out;
}

capabilities capabilities_in(std::span<const std::string> lines) {
  capabilities out;
  for (const std::string& each : lines)
    take_line(out, each);
  return out;
}

error server_error(std::string_view text) {
  // git: "upload-pack: not our ref <oid>"; libgit2 and JGit servers name it alike
  constexpr struct {
    std::string_view before, after;
  } not_ours[] = {{"not our ref ", ""}, {"want ", " not valid"}, {"unknown object ", ""}};
  for (const auto& phrase : not_ours)
    if (const std::size_t at = text.find(phrase.before); at != std::string_view::npos)
      if (const auto id = oid::from_hex(text.substr(at + phrase.before.size()).substr(0, oid::hex_size));
          id && text.substr(at + phrase.before.size() + oid::hex_size).starts_with(phrase.after))
        return {ENOENT, "the server does not have the object " + id->hex()};
  return {EIO, "the server says: " + printable(text)};
}

} // namespace gitfs
