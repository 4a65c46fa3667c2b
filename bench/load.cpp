// SPDX-License-Identifier: Apache-2.0
// waybill_load: publishes deliveries to a node over keep-alive connections, closed or open loop, and says how long each
// answer took. One thread and epoll, so that it takes as little as it can of the cores that the node runs on.
//
// Latency in open loop counts from the moment a request was due, not from when it was sent: a node that stalls is charged
// for every request that would have come meanwhile.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace {

struct settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string path = "/v1/deliveries";
  std::string key_file;
  std::string log_file;
  std::vector<std::string> destinations;
  std::string destinations_file;
  std::size_t connections = 64;
  std::uint64_t count = 0;
  double seconds = 0;
  double rate = 0;
  std::size_t payload_bytes = 1024;
};

[[noreturn]] void die(const std::string& text, int status) {
  std::fprintf(stderr, "waybill_load: %s\n", text.c_str());
  std::exit(status);
}

/// Microseconds since 1970: compared with times that the node stored, so it must be the wall clock.
std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// One request per destination, made once; only two fixed-width numbers in the payload change from one to the next.
class request_template {
public:
  request_template(const settings& s, const std::string& key, const std::string& destination) {
    const auto payload = make_payload(s.payload_bytes);
    const auto body = R"({"destinations":[")" + destination + R"("],"payload":{"type":"data","data":)" + payload + "}}";
    text_ = "POST " + s.path + " HTTP/1.1\r\nHost: " + s.host + ":" + std::to_string(s.port) +
            "\r\nContent-Type: application/json\r\n" + (key.empty() ? "" : "Authorization: Bearer " + key + "\r\n") +
            "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    sequence_at_ = text_.find(sequence_mark) + sequence_mark.size();
    time_at_ = text_.find(time_mark) + time_mark.size();
  }

  const std::string& fill(std::uint64_t sequence, std::int64_t due_us) {
    put(sequence_at_, 10, sequence);
    put(time_at_, 16, static_cast<std::uint64_t>(due_us));
    return text_;
  }

private:
  static constexpr std::string_view sequence_mark = R"("seq":")";
  static constexpr std::string_view time_mark = R"("ts":")";

  void put(std::size_t at, std::size_t digits, std::uint64_t value) {
    for (auto i = at + digits; i-- > at; value /= 10) text_[i] = static_cast<char>('0' + value % 10);
  }

  /// A JSON object of exactly `size` bytes: an order as a shop would send it, padded by a note.
  static std::string make_payload(std::size_t size) {
    std::string text =
        R"({"type":"order.created","seq":"0000000000","ts":"0000000000000000","data":{"id":"ord_01HZX3K8Q7W2M9",)"
        R"("amount":12995,"currency":"EUR","paid":true,"customer":{"id":"cus_83hf72","name":"Ada Lovelace",)"
        R"("email":"ada@example.com","country":"GB"},"lines":[{"sku":"A-1001","qty":2,"price":4500,)"
        R"("title":"Analytical engine, brass"},{"sku":"B-2002","qty":1,"price":3995,"title":"Punched cards"}],)"
        R"("tags":["priority","gift","eu"],"note":")";
    static constexpr std::string_view filler = "the quick brown fox jumps over the lazy dog ";
    static constexpr std::string_view end = R"("}})";
    if (text.size() + end.size() > size) die("--payload-bytes is less than " + std::to_string(text.size() + end.size()), 2);
    for (std::size_t i = 0; text.size() + end.size() < size; ++i) text += filler[i % filler.size()];
    return text.append(end);
  }

  std::string text_;
  std::size_t sequence_at_ = 0;
  std::size_t time_at_ = 0;
};

struct exchange {
  std::int64_t due_us = 0;
  std::int64_t answered_us = 0;
  std::uint32_t destination = 0;
  std::uint16_t status = 0;
  char delivery[31] = {};  ///< `dlv_` and 26 characters, or empty
};

struct connection {
  int socket = -1;
  bool busy = false;
  exchange current;
  std::size_t have = 0;
  char buffer[16 * 1024];
};

/// Reads the answer in `c`; nothing while it is incomplete.
std::optional<std::uint16_t> parse_answer(connection& c) {
  const std::string_view seen{c.buffer, c.have};
  const auto head_end = seen.find("\r\n\r\n");
  if (head_end == std::string_view::npos) {
    if (c.have == sizeof c.buffer) die("an answer's head is over 16 KiB", 6);
    return std::nullopt;
  }
  c.buffer[head_end] = '\0';  // so that strcasestr stops at the head's end
  const char* length = strcasestr(c.buffer, "\r\ncontent-length:");
  c.buffer[head_end] = '\r';
  if (length == nullptr) die("an answer without Content-Length: " + std::string{seen.substr(0, 200)}, 6);
  const auto body = head_end + 4;
  const auto need = body + static_cast<std::size_t>(std::strtoul(length + 17, nullptr, 10));
  if (need > sizeof c.buffer) die("an answer is over 16 KiB", 6);
  if (c.have < need) return std::nullopt;
  static constexpr std::string_view mark = R"("deliveryId":")";
  if (const auto at = seen.find(mark, body); at != std::string_view::npos && at + mark.size() + 30 <= need)
    std::memcpy(c.current.delivery, c.buffer + at + mark.size(), 30);
  return static_cast<std::uint16_t>(std::strtoul(c.buffer + 9, nullptr, 10));
}

/// What a run came to. Keeps every latency (4 bytes each): percentiles are exact, not taken from buckets.
class tally {
public:
  explicit tally(const std::string& log_file) {
    if (log_file.empty()) return;
    log_.reset(std::fopen(log_file.c_str(), "w"));
    if (!log_) die("cannot write " + log_file, 2);
  }

  void add(const exchange& e) {
    const auto latency = std::max<std::int64_t>(0, e.answered_us - e.due_us);
    latencies_.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(latency, UINT32_MAX)));
    ++statuses_[e.status];
    ++histogram_[bucket(latency)];
    last_us_ = e.answered_us;
    if (log_)
      std::fprintf(log_.get(), "%lld %lld %u %u %s\n", static_cast<long long>(e.due_us), static_cast<long long>(e.answered_us),
                   static_cast<unsigned>(e.status), e.destination, e.delivery);
  }

  std::uint64_t done() const { return latencies_.size(); }

  /// One JSON line. Returns whether every answer was a 2xx.
  bool print(std::int64_t start_us, std::uint64_t late) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto seconds = static_cast<double>(last_us_ - start_us) / 1e6;
    std::printf(R"({"count":%zu,"start_us":%lld,"end_us":%lld,"seconds":%.3f,"rate":%.1f,"waited_for_connection":%llu,)",
                latencies_.size(), static_cast<long long>(start_us), static_cast<long long>(last_us_), seconds,
                static_cast<double>(latencies_.size()) / seconds, static_cast<unsigned long long>(late));
    std::printf(R"("p50_us":%u,"p90_us":%u,"p99_us":%u,"p999_us":%u,"max_us":%u,"statuses":{)", at(0.50), at(0.90), at(0.99),
                at(0.999), at(1.0));
    const char* comma = "";
    bool good = true;
    for (const auto& [status, times] : statuses_) {
      std::printf(R"(%s"%u":%llu)", comma, static_cast<unsigned>(status), static_cast<unsigned long long>(times));
      comma = ",";
      good = good && status / 100 == 2;
    }
    std::printf(R"(},"histogram_us":{)");
    comma = "";
    for (const auto& [upper, times] : histogram_) {
      std::printf(R"(%s"%llu":%llu)", comma, static_cast<unsigned long long>(upper), static_cast<unsigned long long>(times));
      comma = ",";
    }
    std::printf("}}\n");
    return good;
  }

private:
  struct closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::uint32_t at(double share) const {
    if (latencies_.empty()) return 0;
    return latencies_[std::min(latencies_.size() - 1,
                               static_cast<std::size_t>(static_cast<double>(latencies_.size()) * share))];
  }

  /// Upper bounds in steps of a quarter of a power of two: at most 19 % wide.
  static std::uint64_t bucket(std::int64_t latency_us) {
    std::uint64_t upper = 64;
    while (upper < static_cast<std::uint64_t>(latency_us))
      upper += std::max<std::uint64_t>(1, (1ull << (63 - __builtin_clzll(upper))) / 4);
    return upper;
  }

  std::vector<std::uint32_t> latencies_;
  std::map<std::uint16_t, std::uint64_t> statuses_;
  std::map<std::uint64_t, std::uint64_t> histogram_;
  std::int64_t last_us_ = 0;
  std::unique_ptr<std::FILE, closer> log_;
};

/// The connections, the requests and the schedule of one run.
class generator {
public:
  generator(const settings& s, std::vector<request_template> requests)
      : settings_(s), requests_(std::move(requests)), connections_(s.connections), tally_(s.log_file) {
    epoll_ = epoll_create1(0);
    for (auto& c : connections_) {
      c = std::make_unique<connection>();
      c->socket = dial();
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = c.get();
      epoll_ctl(epoll_, EPOLL_CTL_ADD, c->socket, &event);
      idle_.push_back(c.get());
    }
  }

  bool run() {
    start_us_ = now_us();
    while (true) {
      send_what_is_due();
      if (!more() && tally_.done() == sent_) break;
      read_answers();
    }
    return tally_.print(start_us_, late_);
  }

private:
  int dial() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(settings_.port);
    if (inet_pton(AF_INET, settings_.host.c_str(), &address.sin_addr) != 1) die("--host must be an IPv4 address", 2);
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      die(std::string{"cannot connect: "} + std::strerror(errno), 4);
    const int on = 1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return made;
  }

  bool more() const {
    if (settings_.count != 0) return sent_ < settings_.count;
    if (settings_.rate > 0) return sent_ < static_cast<std::uint64_t>(settings_.seconds * settings_.rate);
    return static_cast<double>(now_us() - start_us_) < settings_.seconds * 1e6;
  }

  std::int64_t due_us(std::uint64_t index) const {
    return start_us_ + static_cast<std::int64_t>(static_cast<double>(index) * 1e6 / settings_.rate);
  }

  void send_what_is_due() {
    while (more()) {
      const auto now = now_us();
      const auto due = settings_.rate > 0 ? due_us(sent_) : now;
      if (due > now) return;
      if (idle_.empty()) {
        late_ += settings_.rate > 0 && counted_late_ != sent_ ? 1 : 0;
        counted_late_ = sent_;
        return;
      }
      auto* c = idle_.back();
      idle_.pop_back();
      send(*c, due);
    }
  }

  /// Blocking write: 1.3 KiB always fit the socket's buffer when the answer before it has been read.
  void send(connection& c, std::int64_t due) {
    const auto which = static_cast<std::uint32_t>(sent_ % requests_.size());
    const auto& text = requests_[which].fill(sent_++, due);
    c.current = exchange{};
    c.current.due_us = due;
    c.current.destination = which;
    c.have = 0;
    c.busy = true;
    for (std::size_t at = 0; at < text.size();) {
      const auto written = write(c.socket, text.data() + at, text.size() - at);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) die(std::string{"cannot send: "} + std::strerror(errno), 4);
      at += static_cast<std::size_t>(written);
    }
  }

  void read_answers() {
    epoll_event events[256];
    const auto wait = time_to_wait();
    const int ready = epoll_pwait2(epoll_, events, 256, &wait, nullptr);
    if (ready == 0 && wait.tv_sec >= 60) die("no answer for 60 s", 5);
    for (int i = 0; i < ready; ++i) read_answer(*static_cast<connection*>(events[i].data.ptr));
  }

  timespec time_to_wait() const {
    if (settings_.rate <= 0 || !more() || idle_.empty()) return timespec{60, 0};
    const auto left = std::max<std::int64_t>(1, due_us(sent_) - now_us());
    return timespec{left / 1'000'000, (left % 1'000'000) * 1'000};
  }

  void read_answer(connection& c) {
    const auto got = read(c.socket, c.buffer + c.have, sizeof c.buffer - c.have);
    if (got <= 0) die("the node closed a connection", 5);
    if (!c.busy) die("an answer that nothing asked for", 6);
    c.have += static_cast<std::size_t>(got);
    const auto status = parse_answer(c);
    if (!status) return;
    c.current.status = *status;
    c.current.answered_us = now_us();
    c.busy = false;
    tally_.add(c.current);
    idle_.push_back(&c);
  }

  settings settings_;
  std::vector<request_template> requests_;
  std::vector<std::unique_ptr<connection>> connections_;
  std::vector<connection*> idle_;
  tally tally_;
  int epoll_ = -1;
  std::int64_t start_us_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t counted_late_ = UINT64_MAX;
};

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  if (!in) die("cannot read " + path, 2);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string key_of(const settings& s) {
  if (s.key_file.empty()) return {};
  auto text = read_text(s.key_file);
  text.erase(text.find_last_not_of(" \r\n\t") + 1);
  return text;
}

std::vector<request_template> make_requests(settings& s) {
  if (!s.destinations_file.empty()) {
    std::istringstream lines(read_text(s.destinations_file));
    for (std::string line; std::getline(lines, line);)
      if (!line.empty()) s.destinations.push_back(line);
  }
  if (s.destinations.empty()) die("no destination given", 2);
  const auto key = key_of(s);
  std::vector<request_template> requests;
  for (const auto& destination : s.destinations) requests.emplace_back(s, key, destination);
  return requests;
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  CLI::App app{"Publishes deliveries to a Waybill node and measures the answers; prints one JSON line.", "waybill_load"};
  app.add_option("--host", s.host, "IPv4 address of the node")->capture_default_str();
  app.add_option("--port", s.port)->capture_default_str();
  app.add_option("--path", s.path)->capture_default_str();
  app.add_option("--key-file", s.key_file, "file that holds the API key and nothing else");
  app.add_option("--to", s.destinations, "destination id; several are served in turn");
  app.add_option("--to-file", s.destinations_file, "the same, one to a line");
  app.add_option("--connections", s.connections)->capture_default_str()->check(CLI::Range(1, 20'000));
  app.add_option("--rate", s.rate, "requests a second, open loop; 0: closed loop, each connection as fast as it is answered");
  app.add_option("--payload-bytes", s.payload_bytes, "size of payload.data")->capture_default_str();
  app.add_option("--log", s.log_file, "one line per request: due, answered (microseconds since 1970), status, destination, id");
  auto* amount = app.add_option_group("amount", "how many requests");
  amount->add_option("--count", s.count, "exactly that many");
  amount->add_option("--seconds", s.seconds, "that long");
  amount->require_option(1);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  auto requests = make_requests(s);
  return generator(s, std::move(requests)).run() ? 0 : 7;
}
