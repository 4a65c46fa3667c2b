// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/error.hpp"
#include "core/model/policy.hpp"
#include "core/model/retention.hpp"

namespace waybill::core {

/// All settings of a node (architecture section 8), defaults included. Durations are milliseconds in the file and end in `Ms`.
struct config {
  struct {
    std::string listen = "127.0.0.1:8080";
    std::string public_url;  ///< empty: http://<listen>; links in answers are built from it
    std::uint32_t threads = 1;
    std::uint64_t max_body_bytes = 1'048'576;
    std::uint32_t max_connections = 4'096;
    std::uint32_t max_header_bytes = 16'384;
    std::uint32_t max_url_bytes = 8'192;
    std::uint32_t max_json_depth = 64;
    std::chrono::milliseconds read_timeout{30'000};
    std::chrono::milliseconds idle_timeout{75'000};
    std::chrono::milliseconds request_timeout{30'000};  ///< for the service to answer
    std::uint64_t max_payload_bytes = 5'368'709'120;    ///< of one upload
    std::uint32_t max_uploads = 32;                     ///< under way at once
    std::chrono::milliseconds upload_idle_timeout{60'000};
    std::vector<std::string> trusted_proxies;          ///< CIDR; who may say for whom a request comes
    std::string forwarded_header = "x-forwarded-for";  ///< x-forwarded-for | forwarded: in which header they say it
  } server;
  std::string data_dir = "./data";
  std::string plugins_dir;  ///< empty: ../plugins beside the binary
  struct {
    std::string url;  ///< empty: sqlite://<data_dir>/waybill.db
    std::string password_file;
    std::string tls_mode;
    std::string tls_ca;
    std::string tls_certificate;
    std::string tls_key;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds statement_timeout{30'000};
    std::uint32_t readers = 2;
    std::uint32_t max_batch = 500;
    std::chrono::milliseconds keep_unused_payloads{24 * 60 * 60 * 1'000};  ///< that no delivery names
    std::uint64_t organization_payload_bytes = 0;                          ///< 0: no limit
  } store;
  struct {
    std::uint32_t window = 1'000;                       ///< tasks a destination actor holds in memory
    std::uint64_t window_memory = 64u << 20;            ///< of the windows of all destinations together
    std::uint32_t max_in_flight = 2'000;                ///< attempts under way on this node
    std::uint64_t max_waiting = 10'000'000;             ///< tasks in the queue; beyond: 503 QUEUE_FULL
    std::uint64_t max_waiting_per_organization = 0;     ///< 0: only the engine's limit
    std::uint64_t max_content_in_memory = 16'777'216;   ///< of a payload, for a plugin that cannot stream
    std::chrono::milliseconds attempt_timeout{60'000};  ///< host deadline of one attempt
    std::chrono::milliseconds drain_timeout{20'000};    ///< SIGTERM: how long attempts under way may finish
    std::chrono::milliseconds priority_ageing{60'000};  ///< waiting that counts as one level of priority
    std::chrono::milliseconds passivate_after{60'000};  ///< an idle destination actor goes
    std::uint32_t redrive_rate_per_second = 500;        ///< of a job that names none
    std::uint32_t discard_rate_per_second = 10'000;     ///< likewise
  } queue;
  retry_settings retry;
  breaker_settings breaker;
  limit_settings limits;
  batch_settings batch;
  std::uint32_t disable_threshold = 50;
  struct {
    double key_requests_per_second = 0;  ///< 0: no limit
    std::uint32_t key_burst = 0;
    double organization_requests_per_second = 0;
    std::uint32_t organization_burst = 0;
  } rate;
  struct {
    std::vector<std::string> allow;  ///< CIDR ranges opened in the network guard
  } network;
  struct {
    std::string master_key;  ///< base64 or hex of 32 bytes; empty: <data_dir>/master.key, made at first start
    std::chrono::milliseconds secret_overlap{24 * 60 * 60 * 1'000};
    std::uint32_t secret_rotation_days = 0;  ///< age at which a secret is shown as due; 0: never
    std::chrono::milliseconds idempotency_window{24 * 60 * 60 * 1'000};
  } security;
  retention_settings retention;
  struct {
    std::chrono::milliseconds sweep_interval{60 * 60 * 1'000};  ///< from the end of one pass to the next
    std::uint64_t compact_max_bytes = 256ULL << 20;             ///< a larger file is rewritten at a start only
    std::uint64_t compact_at_start_max_bytes = 16ULL << 30;     ///< nor then
  } erasing;
  struct {
    std::uint32_t max_expiry_hours = 8'760;                   ///< longest life of a download link
    std::uint32_t keep_days = 90;                             ///< of a link's log, after its expiry
    std::chrono::milliseconds continuation{10 * 60 * 1'000};  ///< after a request, within which a part goes on with it
  } downloads;
  struct {
    bool metrics = true;
    std::uint32_t organization_series = 100;  ///< in /metrics, of the organizations with most waiting
  } telemetry;
  struct {
    std::string level = "info";   ///< debug | info | warning | error
    std::string format = "text";  ///< text | json
  } log;

  [[nodiscard]] policy default_policy() const { return policy{retry, breaker, limits, disable_threshold, batch}; }
};

/// Where the settings of one start come from; later ones win: defaults, file, environment, command line.
struct config_sources {
  std::optional<std::string> file;                                            ///< path; a missing one is an error
  std::function<std::optional<std::string>(const std::string&)> environment;  ///< like getenv
  std::vector<std::string> environment_names;                  ///< all names that are set, to refuse unknown WAYBILL_* ones
  std::vector<std::pair<std::string, std::string>> overrides;  ///< dotted key, value: from the command line
};

/// Reads and checks all of it. Every fault at once in `error.fields` (pointer = dotted key, or the variable's name); an
/// unknown key names the nearest known one. Secrets are not echoed.
[[nodiscard]] result<config> load_config(const config_sources& sources);
/// The same from a TOML text alone; what the fuzz target calls.
[[nodiscard]] result<config> parse_config(std::string_view toml);
/// The effective settings as TOML that load_config takes back, each key with its default named; secrets as "••••".
[[nodiscard]] std::string print_config(const config& settings);

}  // namespace waybill::core
