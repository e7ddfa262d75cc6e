#include "config/telemetry_options.hpp"

#include "config/option_values.hpp"
#include "config/paths.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <sys/un.h>

namespace gitfs {

using std::string;
using std::string_view;

namespace {

constexpr string_view white = " \t";

string trimmed(string_view text) {
  const std::size_t begin = text.find_first_not_of(white);
  return begin == string_view::npos ? string{} : string{text.substr(begin, text.find_last_not_of(white) + 1 - begin)};
}

string lower(string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// RFC 9110, "token".
bool is_header_name(string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::strchr("!#$%&'*+-.^_`|~", c) != nullptr;
  });
}

bool is_header_value(string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
}

// "a=1,b=2", as W3C Baggage has it; false if it is not that.
bool read_list(string_view text, name_value_list& out) {
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const string_view each = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (trimmed(each).empty())
      continue;
    const std::size_t equals = each.find('=');
    if (equals == string_view::npos)
      return false;
    const auto value = percent_decoded(trimmed(each.substr(equals + 1)));
    string name = trimmed(each.substr(0, equals));
    if (!value || name.empty())
      return false;
    out.emplace_back(std::move(name), *value);
  }
  return true;
}

// Null: it will do; else what is the matter.
const char* wrong_with_url(string_view url) {
  const std::size_t scheme = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  if (scheme == 0)
    return "the URL has to begin with http:// or https:// (OTLP is spoken over HTTP, mostly on port 4318)";
  if (has_unencoded_userinfo(url))
    return "a \"/\", \"?\" or \"#\" in the user name or password of the URL is written %2F, %3F or %23";
  const string_view authority = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
  if (authority.empty() || authority.back() == '@')
    return "the URL names no host";
  if (std::ranges::any_of(url, [](unsigned char c) { return c <= 0x20 || c == 0x7f; }))
    return "the URL has a space or a control character in it";
  return nullptr;
}

string with_path(string_view base, string_view path) {
  const std::size_t query = std::min(base.find_first_of("?#"), base.size());
  string out{base.substr(0, query)};
  while (out.ends_with('/'))
    out.pop_back();
  return out.append(path).append(base.substr(query));
}

class reader {
public:
  reader(const telemetry_flags& flags, const variable_reader& variable, std::vector<string>& warnings)
    : flags_(flags),
      variable_(variable),
      warnings_(warnings) {}

  telemetry_options read() {
    telemetry_options out;
    if (lower(value("OTEL_SDK_DISABLED")) == "true") {
      if (!flags_.endpoints.empty())
        warn("no telemetry is sent: OTEL_SDK_DISABLED is set");
      return out;
    }
    out.traces = targets("TRACES", "/v1/traces");
    out.metrics = targets("METRICS", "/v1/metrics");
    if (!out.sends())
      return out;
    if (const string text = value("OTEL_RESOURCE_ATTRIBUTES"); !read_list(text, out.resource)) {
      warn("OTEL_RESOURCE_ATTRIBUTES is not of the form NAME=VALUE,NAME=VALUE: it is ignored");
      out.resource.clear();
    }
    // What the variable of its own says goes before service.name among the attributes.
    const auto named = std::ranges::find(out.resource, "service.name", &name_value_list::value_type::first);
    if (named != out.resource.end()) {
      out.service_name = named->second;
      out.resource.erase(named);
    }
    if (const string name = value("OTEL_SERVICE_NAME"); !name.empty())
      out.service_name = name;
    out.sampled = sampled();
    set_time("OTEL_BSP_SCHEDULE_DELAY", out.span_delay);
    set_time("OTEL_METRIC_EXPORT_INTERVAL", out.metric_interval);
    return out;
  }

private:
  void warn(string text) { warnings_.push_back(std::move(text)); }

  // An empty variable counts as not set.
  string value(const string& name) const {
    const char* text = variable_(name.c_str());
    return text == nullptr ? string{} : trimmed(text);
  }

  // The name of the variable of a signal if that is set, else of the one for all.
  string name_for(const char* signal, const char* what) const {
    const string own = string{"OTEL_EXPORTER_OTLP_"} + signal + "_" + what;
    return value(own).empty() ? string{"OTEL_EXPORTER_OTLP_"} + what : own;
  }
  string value_for(const char* signal, const char* what) const { return value(name_for(signal, what)); }

  void set_time(const string& name, std::chrono::milliseconds& out) {
    const string text = value(name);
    if (text.empty())
      return;
    if (auto number = read_number<std::uint32_t>(text, 1, 86'400'000))
      out = std::chrono::milliseconds{number.value()};
    else
      warn(name + " is not a number of milliseconds: it is ignored");
  }

  std::vector<otlp_target> targets(const char* signal, string_view path) {
    const string exporter = lower(value(string{"OTEL_"} + signal + "_EXPORTER"));
    if (exporter == "none")
      return {};
    std::vector<string> urls;
    for (const string& each : flags_.endpoints)
      urls.push_back(with_path(each, path));
    const bool by_flags = !urls.empty();
    if (!by_flags)
      add_url_of_variables(signal, path, exporter, urls);
    if (urls.empty() || !speaks(signal, by_flags))
      return {};
    otlp_target common;
    common.headers = headers(signal);
    set_time(name_for(signal, "TIMEOUT"), common.timeout);
    common.certificate = value_for(signal, "CERTIFICATE");
    common.client_certificate = value_for(signal, "CLIENT_CERTIFICATE");
    common.client_key = value_for(signal, "CLIENT_KEY");
    const string compression = lower(value_for(signal, "COMPRESSION"));
    common.gzip = compression == "gzip";
    if (!compression.empty() && compression != "gzip" && compression != "none")
      warn(name_for(signal, "COMPRESSION") + ": '" + compression + "' is not known here, gzip and none are: none");
    std::vector<otlp_target> out(urls.size(), common);
    for (std::size_t i = 0; i < urls.size(); ++i)
      out[i].url = std::move(urls[i]);
    return out;
  }

  void add_url_of_variables(const char* signal, string_view path, const string& exporter, std::vector<string>& urls) {
    const string name = name_for(signal, "ENDPOINT");
    const string url = value(name);
    if (url.empty())
      return;
    if (!exporter.empty() && exporter != "otlp") {
      warn(string{"OTEL_"} + signal + "_EXPORTER names '" + exporter
           + "', but only otlp and none are known here: " + "none");
      return;
    }
    if (const char* wrong = wrong_with_url(url)) {
      warn(name + ": " + wrong + ": nothing is sent there");
      return;
    }
    // Only the URL for all signals is a base.
    urls.push_back(name == "OTEL_EXPORTER_OTLP_ENDPOINT" ? with_path(url, path) : url);
  }

  bool speaks(const char* signal, bool by_flags) {
    const string name = name_for(signal, "PROTOCOL");
    const string protocol = lower(value(name));
    if (protocol.empty() || protocol == "http/json")
      return true;
    warn(name + " asks for '" + protocol + "', but only http/json is spoken here: "
         + (by_flags ? "http/json is sent to --otlp-endpoint all the same"
                     : "nothing is sent; set it to http/json, and the endpoint to the port for HTTP (mostly 4318)"));
    return by_flags;
  }

  name_value_list headers(const char* signal) {
    if (!flags_.headers.empty())
      return flags_.headers;
    const string name = name_for(signal, "HEADERS");
    name_value_list out;
    bool good = read_list(value(name), out);
    for (const auto& [key, text] : out)
      good = good && is_header_name(key) && is_header_value(text);
    if (!good) {
      warn(name + " is not of the form NAME=VALUE,NAME=VALUE: no headers are sent");
      return {};
    }
    return out;
  }

  double sampled() {
    string sampler = lower(value("OTEL_TRACES_SAMPLER"));
    constexpr string_view by_parent = "parentbased_"; // no kernel request has a parent
    if (sampler.starts_with(by_parent))
      sampler.erase(0, by_parent.size());
    if (sampler.empty() || sampler == "always_on")
      return 1;
    if (sampler == "always_off")
      return 0;
    if (sampler != "traceidratio") {
      warn("OTEL_TRACES_SAMPLER: '" + sampler
           + "' is not known here (always_on, always_off, traceidratio and "
             "parentbased_ before these are): every request is sampled");
      return 1;
    }
    const string text = value("OTEL_TRACES_SAMPLER_ARG");
    if (text.empty())
      return 1;
    double out = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (ec == std::errc{} && end == text.data() + text.size() && out >= 0 && out <= 1)
      return out;
    warn("OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1: every request is sampled");
    return 1;
  }

  const telemetry_flags& flags_;
  const variable_reader& variable_;
  std::vector<string>& warnings_;
};

} // namespace

telemetry_options read_telemetry(const telemetry_flags& flags, const variable_reader& variable,
                                 std::vector<string>& warnings) {
  auto out = reader{flags, variable, warnings}.read();
  // What is wrong for both signals is said once.
  std::ranges::sort(warnings);
  warnings.erase(std::unique(warnings.begin(), warnings.end()), warnings.end());
  return out;
}

result<void> add_endpoint(telemetry_flags& out, const string& value) {
  if (const char* wrong = wrong_with_url(value))
    return fail(EINVAL, wrong);
  out.endpoints.push_back(value);
  return success();
}

result<void> add_header(telemetry_flags& out, const string& value) {
  const std::size_t equals = value.find('=');
  if (equals == string::npos || !is_header_name(value.substr(0, equals)))
    return fail(EINVAL, "the value is not of the form NAME=VALUE");
  if (!is_header_value(value.substr(equals + 1)))
    return fail(EINVAL, "the value has a line end or another control character in it");
  out.headers.emplace_back(value.substr(0, equals), value.substr(equals + 1));
  return success();
}

result<listen_address> read_listen_address(const string& value) {
  constexpr string_view unix_prefix = "unix:";
  listen_address out;
  if (value.starts_with(unix_prefix)) {
    GITFS_TRY(path, absolute_path(value.substr(unix_prefix.size())));
    if (path.native().size() >= sizeof(sockaddr_un::sun_path))
      return fail(EINVAL, "the path " + path.string() + " is too long for a socket: at most "
                              + std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
    out.socket = std::move(path);
    return out;
  }
  constexpr struct { string_view prefix, host; } loopback[] = {{"127.0.0.1:", "127.0.0.1"}, {"[::1]:", "::1"}};
  for (const auto& [prefix, host] : loopback)
    if (value.starts_with(prefix)) {
      GITFS_TRY(port, read_number<std::uint16_t>(value.substr(prefix.size()), 0, 65535));
      out.host = host;
      out.port = port;
      return out;
    }
  return fail(EINVAL, "'" + value
                          + "' is not unix:PATH, 127.0.0.1:PORT or [::1]:PORT: metrics are served on this machine only "
                            "(for others, put a proxy with access control before it)");
}

} // namespace gitfs
