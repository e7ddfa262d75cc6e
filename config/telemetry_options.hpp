// Where telemetry goes and what of it: the flags, and the variables that OpenTelemetry specifies for all programs
// ("OpenTelemetry Environment Variable Specification", "OpenTelemetry Protocol Exporter").
#pragma once

#include "config/error.hpp"
#include "config/options.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

using name_value_list = std::vector<std::pair<std::string, std::string>>;

/// One URL that one signal is posted to. The URL and the values of the headers may hold credentials: never print them.
struct otlp_target {
  std::string url;
  name_value_list headers{};
  std::chrono::milliseconds timeout{10'000}; ///< of one request
  bool gzip = false;
  std::string certificate{};                      ///< file of the authorities to trust; empty: as for git servers
  std::string client_certificate{}, client_key{}; ///< files; empty: none
};

struct telemetry_options {
  std::vector<otlp_target> traces, metrics; ///< both empty: nothing is sent
  std::string service_name = "gitfs-actor";
  name_value_list resource;
  double sampled = 1; ///< share of the kernel requests of which spans are sent, 0 to 1
  std::chrono::milliseconds span_delay{5'000};
  std::chrono::milliseconds metric_interval{60'000};

  bool sends() const { return !traces.empty() || !metrics.empty(); }
};

/// Gives a variable's value; null: it is not set.
using variable_reader = std::function<const char*(const char*)>;

/// Flags go before variables. A mistake in a variable, which may be set for all programs of a machine, costs no mount:
/// it becomes a line in `warnings`, without any secret, and counts as not set, or nothing is sent.
telemetry_options read_telemetry(const telemetry_flags& flags, const variable_reader& variable,
                                 std::vector<std::string>& warnings);

// Of the options table. EINVAL, with a message that does not repeat what may be a secret.
result<void> add_endpoint(telemetry_flags& out, const std::string& value);
result<void> add_header(telemetry_flags& out, const std::string& value);
result<listen_address> read_listen_address(const std::string& value);

} // namespace gitfs
