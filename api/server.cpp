// SPDX-License-Identifier: Apache-2.0
#include "api/server.hpp"

#include <algorithm>
#include <charconv>
#include <future>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api_context.hpp"
#include "api/connection_gate.hpp"
#include "api/lane.hpp"
#include "api/listener.hpp"

#include <asio/post.hpp>

namespace waybill::api {

namespace {

core::result<asio::ip::tcp::endpoint> parse_listen(const std::string& listen) {
  const auto bad = [&listen](const char* why) {
    return core::fail(core::error_code::validation_error, "server.listen \"" + listen + "\": " + why);
  };
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) return bad("ADDRESS:PORT is expected");
  auto address = listen.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') address = address.substr(1, address.size() - 2);
  if (address == "localhost") address = "127.0.0.1";
  asio::error_code ec;
  const auto parsed = asio::ip::make_address(address, ec);
  if (ec) return bad("not an IP address");
  std::uint16_t port = 0;
  const auto* end = listen.data() + listen.size();
  const auto read = std::from_chars(listen.data() + colon + 1, end, port);
  if (read.ec != std::errc{} || read.ptr != end) return bad("not a port number");
  return asio::ip::tcp::endpoint{parsed, port};
}

/// It is written into JSON and headers as it stands.
bool is_plain_url(std::string_view url) {
  if (url.substr(0, 7) != "http://" && url.substr(0, 8) != "https://") return false;
  return std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\'; });
}

std::string to_text(const asio::ip::tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

}  // namespace

http_options http_options::from(const core::config& settings) {
  http_options o;
  const auto& s = settings.server;
  o.listen = s.listen;
  o.public_url = s.public_url;
  o.trusted_proxies = s.trusted_proxies;
  o.forwarded_from = s.forwarded_header == "forwarded" ? forwarded_header::forwarded : forwarded_header::x_forwarded_for;
  o.threads = s.threads;
  o.max_body_bytes = s.max_body_bytes;
  o.max_connections = s.max_connections;
  o.max_header_bytes = s.max_header_bytes;
  o.max_url_bytes = s.max_url_bytes;
  o.max_json_depth = s.max_json_depth;
  o.read_timeout = s.read_timeout;
  o.idle_timeout = s.idle_timeout;
  o.request_timeout = s.request_timeout;
  o.upload_idle_timeout = s.upload_idle_timeout;
  o.key_requests_per_second = settings.rate.key_requests_per_second;
  o.key_burst = settings.rate.key_burst;
  o.organization_requests_per_second = settings.rate.organization_requests_per_second;
  o.organization_burst = settings.rate.organization_burst;
  o.serve_metrics = settings.telemetry.metrics;
  return o;
}

struct http_server::parts {
  parts(http_options o, core::delivery_service& service, core::metrics& metrics, const core::clock& clock)
      : context(std::move(o), service, metrics, clock),
        gate(std::make_shared<connection_gate>(std::max(1u, context.options.max_connections))) {}

  api_context context;
  std::shared_ptr<connection_gate> gate;
  std::vector<std::unique_ptr<lane>> lanes;
  std::shared_ptr<listener> accepting;  ///< after the lanes: it holds a socket of the first one's
  std::string address;
};

core::result<std::unique_ptr<http_server>> http_server::start(http_options options, core::delivery_service& service,
                                                              core::metrics& metrics, const core::clock& clock) {
  const auto endpoint = parse_listen(options.listen);
  if (!endpoint) return core::fail(endpoint.error());
  auto clients = client_addresses::from(options.trusted_proxies, options.forwarded_from);
  if (!clients) return core::fail(clients.error());
  const auto threads = std::max(1u, options.threads);
  auto p = std::make_unique<parts>(std::move(options), service, metrics, clock);
  p->context.clients = *std::move(clients);
  std::vector<lane*> lanes;
  for (std::uint32_t i = 0; i < threads; ++i) lanes.push_back(p->lanes.emplace_back(std::make_unique<lane>(p->context)).get());
  p->accepting = std::make_shared<listener>(lanes, p->gate, p->context.metrics);
  if (auto opened = p->accepting->open(*endpoint); !opened) return core::fail(opened.error());
  p->address = to_text(p->accepting->endpoint());
  auto& url = p->context.options.public_url;
  if (url.empty()) url = "http://" + p->address;
  if (!is_plain_url(url))
    return core::fail(core::error_code::validation_error, "server.publicUrl: must be http:// or https:// and plain ASCII");
  while (!url.empty() && url.back() == '/') url.pop_back();
  for (auto* l : lanes) l->start();
  p->accepting->start();
  return std::unique_ptr<http_server>(new http_server(std::move(p)));
}

http_server::http_server(std::unique_ptr<parts> p) : parts_(std::move(p)) {}

http_server::~http_server() { stop(); }

std::string http_server::address() const { return parts_->address; }
std::string http_server::public_url() const { return parts_->context.options.public_url; }

void http_server::stop_accepting() {
  if (parts_->context.draining.exchange(true)) return;
  std::promise<void> closed;
  parts_->gate->close();
  asio::post(parts_->lanes.front()->io(), [this, &closed] {
    parts_->accepting->close();
    closed.set_value();
  });
  closed.get_future().wait();
}

void http_server::stop() {
  stop_accepting();
  // The last first: the first lane's thread serves the listener.
  for (auto l = parts_->lanes.rbegin(); l != parts_->lanes.rend(); ++l) (*l)->stop();
  // The connections live in what their lanes' threads would have done next.
  parts_->accepting.reset();
  parts_->lanes.clear();
}

}  // namespace waybill::api
