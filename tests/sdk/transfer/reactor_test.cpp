// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/reactor.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "../../plugins/nginx_server.hpp"
#include "exchange_box.hpp"

using namespace waybill::testing;
using waybill::transfer::ending;
using waybill::transfer::endpoint;
using waybill::transfer::reactor;

namespace {

nginx_server& nginx() { return nginx_server::instance(); }

/// Bytes that are computed, so that none of them need be kept.
class counted_source final : public waybill::transfer::body_source {
public:
  explicit counted_source(std::uint64_t size, bool knows_size = true) : size_(size), knows_size_(knows_size) {}
  [[nodiscard]] std::optional<std::uint64_t> size() const override {
    return knows_size_ ? std::optional<std::uint64_t>{size_} : std::nullopt;
  }
  [[nodiscard]] bool rewind() override {
    at_ = 0;
    ++rewinds;
    return true;
  }
  [[nodiscard]] std::optional<std::size_t> read(char* buffer, std::size_t room) override {
    if (at_ >= fails_at) return std::nullopt;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(room, size_ - at_));
    for (std::size_t i = 0; i < size; ++i) buffer[i] = static_cast<char>('a' + (at_ + i) % 26);
    at_ += size;
    return size;
  }
  std::uint64_t fails_at = ~std::uint64_t{0};
  std::atomic<int> rewinds{0};

private:
  std::uint64_t size_;
  bool knows_size_;
  std::uint64_t at_ = 0;
};

}  // namespace

TEST_CASE("a request and its body arrive, and the answer comes back") {
  reactor r;
  auto e = make_exchange(options_for(nginx().http("/echo")));
  e->headers.add("X-One", "first");
  e->body.owned = "the body";
  const auto seen = perform(r, std::move(e));
  REQUIRE(seen.how == ending::answered);
  CHECK(seen.status == 200);
  CHECK(seen.body.find("POST /echo HTTP/1.1\r\n") == 0);
  CHECK(seen.body.find("X-One: first\r\n") != std::string::npos);
  CHECK(seen.body.find("Content-Length: 8\r\n") != std::string::npos);
  CHECK(seen.body.substr(seen.body.size() - 8) == "the body");
  CHECK(seen.bytes_sent == 8);
}

TEST_CASE("each method goes out as itself, also when handles are reused for another one") {
  reactor r;
  const auto to = std::make_shared<const endpoint>(options_for(nginx().http("/echo")));
  for (const std::string method : {"POST", "GET", "PUT", "HEAD", "PATCH", "OPTIONS", "POST", "DELETE", "GET", "PUT"}) {
    auto e = std::make_unique<boxed>(to);
    e->method = method;
    const bool has_body = method == "POST" || method == "PUT" || method == "PATCH";
    if (has_body) e->body.owned = "content of " + method;
    const auto seen = perform(r, std::move(e));
    INFO(method << ": " << seen.detail);
    REQUIRE(seen.status == 200);
    if (method == "HEAD") {
      CHECK(seen.body.empty());
      continue;
    }
    CHECK(seen.body.find(method + " /echo") == 0);
    CHECK((seen.body.find("content of") != std::string::npos) == has_body);
    CHECK((seen.body.find("Content-Length") != std::string::npos) == has_body);
  }
}

TEST_CASE("an empty body is sent as one of length 0") {
  reactor r;
  const auto seen = perform(r, make_exchange(options_for(nginx().http("/echo"))));
  CHECK(seen.status == 200);
  CHECK(seen.body.find("Content-Length: 0\r\n") != std::string::npos);
}

namespace {

/// How many of the logged requests came over the connection of the first one.
std::size_t requests_of_first_connection(const std::string& log) {
  const auto first = log.find("\"connection\":");
  if (first == std::string::npos) return 0;
  const auto connection = log.substr(first, log.find('}', first) + 1 - first);
  std::size_t count = 0;
  for (auto at = log.find(connection); at != std::string::npos; at = log.find(connection, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("connections are kept and used again") {
  reactor r;
  const auto to = std::make_shared<const endpoint>(options_for(nginx().http("/log")));
  for (int i = 0; i < 5; ++i) REQUIRE(perform(r, std::make_unique<boxed>(to)).status == 200);
  // nginx writes the line after it has answered.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (requests_of_first_connection(nginx().log()) < 5 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(requests_of_first_connection(nginx().log()) == 5);
}

TEST_CASE("a redirect is an answer and not followed") {
  reactor r;
  const auto seen = perform(r, make_exchange(options_for(nginx().http("/307"))));
  CHECK(seen.status == 307);
  CHECK(nginx().log().find("followed") == std::string::npos);
}

TEST_CASE("a connection closed without an answer is broken") {
  reactor r;
  const auto seen = perform(r, make_exchange(options_for(nginx().http("/close"))));
  CHECK(seen.how == ending::broken);
  CHECK(seen.status == 0);
  CHECK_FALSE(seen.detail.empty());
}

TEST_CASE("nobody listening is unreachable, no such name is unresolved") {
  reactor r;
  CHECK(perform(r, make_exchange(options_for("http://127.0.0.1:" + std::to_string(free_port()) + "/"))).how ==
        ending::unreachable);
  CHECK(perform(r, make_exchange(options_for("http://no-such-host.invalid/"))).how == ending::unresolved);
}

TEST_CASE("an exchange ends at its deadline") {
  reactor r;
  auto e = make_exchange(options_for(nginx().http("/slow")));
  const auto start = std::chrono::steady_clock::now();
  e->deadline = start + std::chrono::milliseconds{150};
  const auto seen = perform(r, std::move(e));
  CHECK(seen.how == ending::timed_out);
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds{150});
}

TEST_CASE("a deadline that has passed ends an exchange too") {
  reactor r;
  auto e = make_exchange(options_for(nginx().http("/slow")));
  e->deadline = std::chrono::steady_clock::now() - std::chrono::seconds{1};
  CHECK(perform(r, std::move(e)).how == ending::timed_out);
}

TEST_CASE("an exchange can be canceled by its id, and only that one") {
  reactor r;
  auto one = make_exchange(options_for(nginx().http("/slow")));
  auto other = make_exchange(options_for(nginx().http("/soon")));
  one->id = 7;
  other->id = 8;
  auto outcome = one->outcome();
  auto other_outcome = other->outcome();
  r.submit(std::move(one));
  r.submit(std::move(other));
  r.cancel(7);
  r.cancel(99);
  CHECK(outcome.get().how == ending::canceled);
  CHECK(other_outcome.get().status == 200);
}

TEST_CASE(
    "of a burst larger than what starts at once every exchange gets its turn, and one that waits for it can be canceled") {
  reactor r;
  const auto to = std::make_shared<const endpoint>(options_for(nginx().http("/200")));
  std::vector<std::unique_ptr<boxed>> burst;
  std::vector<std::future<seen_outcome>> outcomes;
  for (std::uint64_t i = 1; i <= 300; ++i) {
    burst.push_back(std::make_unique<boxed>(to));
    burst.back()->id = i;
    outcomes.push_back(burst.back()->outcome());
  }
  // From the reactor's own thread, so that all of it is one order.
  r.post([&] {
    for (auto& one : burst) r.submit(std::move(one));
    r.cancel(300);
  });
  CHECK(outcomes.back().get().how == ending::canceled);
  outcomes.pop_back();
  for (auto& outcome : outcomes) CHECK(outcome.get().status == 200);
}

TEST_CASE("what waits for its turn when the reactor ends is canceled") {
  std::vector<std::future<seen_outcome>> outcomes;
  {
    reactor r;
    const auto to = std::make_shared<const endpoint>(options_for(nginx().http("/slow")));
    for (int i = 0; i < 300; ++i) {
      auto one = std::make_unique<boxed>(to);
      outcomes.push_back(one->outcome());
      r.submit(std::move(one));
    }
  }
  for (auto& outcome : outcomes) CHECK(outcome.get().how == ending::canceled);
}

TEST_CASE("what is under way when the reactor ends is canceled") {
  std::future<seen_outcome> outcome;
  {
    reactor r;
    auto e = make_exchange(options_for(nginx().http("/slow")));
    outcome = e->outcome();
    r.submit(std::move(e));
  }
  CHECK(outcome.get().how == ending::canceled);
}

TEST_CASE("many hanging exchanges do not hold up another one") {
  reactor r;
  const auto slow = std::make_shared<const endpoint>(options_for(nginx().http("/slow")));
  std::vector<std::future<seen_outcome>> hanging;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    auto e = std::make_unique<boxed>(slow);
    e->id = i;
    hanging.push_back(e->outcome());
    r.submit(std::move(e));
  }
  CHECK(perform(r, make_exchange(options_for(nginx().http("/200")))).status == 200);
  for (std::uint64_t i = 1; i <= 500; ++i) r.cancel(i);
  for (auto& h : hanging) CHECK(h.get().how == ending::canceled);
}

TEST_CASE("submissions from many threads all end") {
  reactor r;
  const auto to = std::make_shared<const endpoint>(options_for(nginx().http("/200")));
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) answered += perform(r, std::make_unique<boxed>(to)).status == 200 ? 1 : 0;
    });
  for (auto& t : threads) t.join();
  CHECK(answered == 400);
}

TEST_CASE("the network guard is asked with the resolved address, and its no is kept to") {
  reactor r;
  auto options = options_for("http://localhost:" + std::to_string(nginx().port()) + "/200");
  std::atomic<int> asked{0};
  options.guard = [&](const std::uint8_t* address, std::uint32_t size, std::uint16_t port) {
    ++asked;
    CHECK(port == nginx().port());
    CHECK(((size == 4 && address[0] == 127) || (size == 16 && address[15] == 1)));
    return false;
  };
  const auto seen = perform(r, make_exchange(std::move(options)));
  CHECK(seen.how == ending::guard_refused);
  CHECK(asked > 0);
  CHECK(seen.detail.find("network guard") != std::string::npos);
  CHECK(seen.detail.find("network.allow") != std::string::npos);
}

TEST_CASE("the network guard is asked again for a kept connection that an earlier exchange opened") {
  reactor r;
  bool allows = true;
  auto options = options_for(nginx().http("/200"));
  options.guard = [&](const std::uint8_t* address, std::uint32_t size, std::uint16_t port) {
    CHECK(size == 4);
    CHECK(address[0] == 127);
    CHECK(port == nginx().port());
    return allows;
  };
  const auto to = std::make_shared<const endpoint>(std::move(options));
  CHECK(perform(r, std::make_unique<boxed>(to)).status == 200);
  CHECK(perform(r, std::make_unique<boxed>(to)).status == 200);
  allows = false;
  CHECK(perform(r, std::make_unique<boxed>(to)).how == ending::guard_refused);
}

TEST_CASE("without a guard nothing is reached") {
  reactor r;
  auto options = options_for(nginx().http("/200"));
  options.guard = nullptr;
  CHECK(perform(r, make_exchange(std::move(options))).how == ending::guard_refused);
}

TEST_CASE("only the protocols asked for are spoken") {
  reactor r;
  for (const auto* url : {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "no url at all"})
    CHECK(perform(r, make_exchange(options_for(url))).how == ending::not_possible);
}

TEST_CASE("an answer is kept up to its cap and the connection stays usable") {
  reactor r;
  auto options = options_for(nginx().http("/echo"));
  options.max_answer_bytes = 1'000;
  auto e = make_exchange(options);
  e->body.owned = std::string(20'000, 'x');
  const auto seen = perform(r, std::move(e));
  CHECK(seen.status == 200);
  CHECK(seen.body.size() == 1'000);
  CHECK(seen.truncated);
}

TEST_CASE("an endless answer is cut off and still counts as one") {
  reactor r;
  auto e = make_exchange(options_for(nginx().http("/big"), "GET"));
  const auto seen = perform(r, std::move(e));
  CHECK(seen.how == ending::answered);
  CHECK(seen.status == 200);
  CHECK(seen.body.size() == 65'536);
  CHECK(seen.truncated);
}

TEST_CASE("a streamed body larger than its buffers arrives whole") {
  reactor r;
  for (const bool tls : {false, true}) {
    auto options = options_for(tls ? nginx().https("/dav/streamed") : nginx().http("/dav/streamed"), "PUT");
    options.tls.ca_pem = nginx().tls().folder.read("ca.pem");
    auto e = make_exchange(options);
    e->body.source = std::make_shared<counted_source>(5'000'000);
    const auto seen = perform(r, std::move(e));
    INFO(seen.detail);
    CHECK((seen.status == 201 || seen.status == 204));
    CHECK(seen.bytes_sent == 5'000'000);
    const auto back = perform(r, make_exchange(options_for(nginx().http("/dav/streamed"), "GET")));
    CHECK(back.headers.find("Content-Length: 5000000") != std::string::npos);
    CHECK(back.body.substr(0, 52) == "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
  }
}

TEST_CASE("a streamed body of unknown size arrives whole") {
  reactor r;
  auto e = make_exchange(options_for(nginx().http("/echo")));
  e->body.source = std::make_shared<counted_source>(1'000, false);
  const auto seen = perform(r, std::move(e));
  CHECK(seen.status == 200);
  CHECK(seen.body.find("Transfer-Encoding: chunked") != std::string::npos);
}

TEST_CASE("a body source that fails ends the exchange") {
  reactor r;
  auto e = make_exchange(options_for(nginx().http("/echo")));
  auto source = std::make_shared<counted_source>(1'000'000);
  source->fails_at = 300'000;
  e->body.source = source;
  CHECK(perform(r, std::move(e)).how == ending::body_failed);
}

TEST_CASE("a canceled exchange lets go of its body source") {
  reactor r;
  auto source = std::make_shared<counted_source>(1'000);
  std::weak_ptr<counted_source> watched = source;
  auto e = make_exchange(options_for(nginx().http("/slow")));
  e->id = 5;
  e->body.source = std::move(source);
  auto outcome = e->outcome();
  r.submit(std::move(e));
  r.cancel(5);
  outcome.get();
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!watched.expired() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  CHECK(watched.expired());
}

TEST_CASE("TLS is verified, against the authorities given and by name") {
  reactor r;
  auto options = options_for(nginx().https("/200"));
  CHECK(perform(r, make_exchange(options)).how == ending::tls_failed);
  options.tls.ca_pem = nginx().tls().folder.read("other-ca.pem");
  CHECK(perform(r, make_exchange(options)).how == ending::tls_failed);
  options.tls.ca_pem = nginx().tls().folder.read("ca.pem");
  CHECK(perform(r, make_exchange(options)).status == 200);
  options.url.replace(options.url.find("127.0.0.1"), 9, "127.0.0.2");
  const auto wrong_name = perform(r, make_exchange(options));
  CHECK(wrong_name.how != ending::answered);
}

TEST_CASE("HTTP/2 is spoken over TLS where the peer does, and not where it is not wanted") {
  reactor r;
  auto options = options_for(nginx().https("/200"));
  options.tls.ca_pem = nginx().tls().folder.read("ca.pem");
  CHECK(perform(r, make_exchange(options)).body == "HTTP/2.0");
  options.http = waybill::transfer::http_versions::one_only;
  CHECK(perform(r, make_exchange(options)).body == "HTTP/1.1");
}

TEST_CASE("a client certificate is shown when there is one") {
  reactor r;
  auto options = options_for(nginx().mtls("/"));
  options.tls.ca_pem = nginx().tls().folder.read("ca.pem");
  const auto without = perform(r, make_exchange(options));
  CHECK(without.status == 400);  // nginx says so in words, after the handshake
  options.tls.client_certificate_pem = nginx().tls().folder.read("client.pem");
  options.tls.client_key_pem = nginx().tls().folder.read("client.key");
  const auto with = perform(r, make_exchange(options));
  CHECK(with.status == 200);
  CHECK(with.body.find("CN=client") != std::string::npos);
}

TEST_CASE("handles go from one endpoint to another without a trace of the first") {
  waybill::transfer::reactor_options few;
  few.max_idle_handles = 1;
  reactor r{few};
  auto options = options_for(nginx().mtls("/"));
  options.tls.ca_pem = nginx().tls().folder.read("ca.pem");
  options.tls.client_certificate_pem = nginx().tls().folder.read("client.pem");
  options.tls.client_key_pem = nginx().tls().folder.read("client.key");
  options.headers.add("X-Secret", "of the first");
  CHECK(perform(r, make_exchange(options)).status == 200);
  auto plain = options_for(nginx().mtls("/"));
  plain.tls.ca_pem = options.tls.ca_pem;
  CHECK(perform(r, make_exchange(plain)).status == 400);
  const auto echoed = perform(r, make_exchange(options_for(nginx().http("/echo"))));
  CHECK(echoed.body.find("of the first") == std::string::npos);
}

TEST_CASE("a request goes through a proxy, and the environment's proxy is not asked") {
  reactor r;
  setenv("http_proxy", "http://127.0.0.1:1/", 1);
  auto options = options_for(nginx().http("/200"));
  CHECK(perform(r, make_exchange(options)).status == 200);
  unsetenv("http_proxy");
  // nginx takes the absolute form of a proxied request for one of its own.
  options.url = "http://receiver.invalid/200";
  options.proxy.url = nginx().http("");
  CHECK(perform(r, make_exchange(options)).status == 200);
}

TEST_CASE("jobs run on the reactor thread and on the worker") {
  reactor r;
  std::promise<std::thread::id> reactor_thread;
  std::promise<std::thread::id> worker_thread;
  r.post([&] { reactor_thread.set_value(std::this_thread::get_id()); });
  r.offload([&] { worker_thread.set_value(std::this_thread::get_id()); });
  const auto one = reactor_thread.get_future().get();
  const auto other = worker_thread.get_future().get();
  CHECK(one != other);
  CHECK(one != std::this_thread::get_id());
}
