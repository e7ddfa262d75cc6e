#include "cli/arguments/help.hpp"

#include "config/mount_words.hpp"

#include <algorithm>

namespace gitfs {

using std::string;
using std::string_view;

namespace {

string help_line(string left, string_view text) {
  constexpr std::size_t column = 34;
  left.insert(0, "  ");
  left.resize(std::max(left.size() + 2, column), ' ');
  return left + string{text} + "\n";
}

// Environment variables that the help lists. libcurl reads those of proxies; tls_trust reads those of TLS.
constexpr struct {
  string_view names;
  string_view text;
} variables[] = {
    {"GITFS_ACTOR_CACHE_SIZE, ...",
     "an option by its long name; before FILE, behind the command line. Of a switch: true"},
    {"GITFS_ACTOR_OPTIONS", "the same of -o"},
    {"http_proxy, https_proxy,", "the proxy to go through, as for curl and git;"},
    {"all_proxy, no_proxy", "no_proxy: hosts that are reached without it"},
    {"GIT_SSL_CAINFO, SSL_CERT_FILE", "certificates of authorities to trust, beside the system's: a file"},
    {"GIT_SSL_CAPATH, SSL_CERT_DIR", "the same: a folder"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT, ...", "as OpenTelemetry specifies them, where the options above do not say it;"},
    {"", "docs/telemetry.md lists those that are honoured. Nothing is sent where no URL is named"},
};

} // namespace

string mount_help() {
  string out = "Usage: gitfs-actor mount [options] SOURCE MOUNTPOINT\n"
               "       gitfs-actor mount --config FILE [options] [MOUNTPOINT]\n\n"
               "Shows the git repository SOURCE as a read-only folder at MOUNTPOINT, without cloning it.\n"
               "SOURCE is a URL or the path of a local repository; MOUNTPOINT is an empty folder, and\n"
               "is made if only it is missing. FILE names many of them, and hosts, and the options that follow: "
               "docs/configuration.md.\n";
  const mount_options defaults;
  string_view group;
  const auto add = [&](const option_row& row) {
    if (row.group != group)
      out += "\n" + string{group = row.group} + ":\n";
    string left{row.names};
    if (const std::size_t comma = left.find(','); comma != string::npos)
      left.insert(comma + 1, " ");
    else if (left.starts_with("--"))
      left.insert(0, "    "); // an option without a short name stands under the long names of the others
    if (!row.value.empty())
      left += " " + string{row.value};
    string text{row.help};
    if (row.show != nullptr)
      text += " (default: " + row.show(defaults) + ")";
    out += help_line(std::move(left), text);
  };
  for (const option_row& row : mount_option_table())
    add(row);
  out += "\nMount options (-o):\n";
  for (const mount_word& word : mount_word_table())
    if (!word.help.empty())
      out += help_line(string{word.name} + (word.value.empty() ? "" : "=" + string{word.value}), word.help);
  out += help_line("x-*", "ignored: for other programs");
  out += "\nEnvironment:\n";
  for (const auto& [names, text] : variables)
    out += help_line(string{names}, text);
  return out;
}

} // namespace gitfs
