// SPDX-License-Identifier: Apache-2.0
// Deliveries through the built plugin to a real OpenSSH server and a real ProFTPD.
#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <waybill/transfer/hashing.hpp>

#include "server.hpp"

using namespace waybill::testing;
using nlohmann::json;
using strings = std::vector<std::string>;

namespace {

fake_delivery file(const std::string& name, std::string content = "hello") {
  fake_delivery what;
  what.filename = name;
  what.task_id = "tsk_" + name;
  what.content = std::move(content);
  return what;
}

/// Content that is never in memory, and its checksum.
fake_delivery large(const std::string& name, std::uint64_t size) {
  auto what = file(name, {});
  what.size = size;
  what.generated = [](std::uint64_t at) { return static_cast<char>((at * 2'654'435'761U) >> 13); };
  what.timeout_ms = 60'000;
  return what;
}

/// A file at the server is byte for byte what was generated.
bool is_generated(const std::string& path, const fake_delivery& what) {
  std::ifstream in{path, std::ios::binary};
  std::string block(1 << 20, '\0');
  std::uint64_t at = 0;
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0)
    for (std::streamsize i = 0; i < in.gcount(); ++i)
      if (block[static_cast<std::size_t>(i)] != what.generated(at++)) return false;
  return at == what.size;
}

unsigned mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777U;
}

}  // namespace

TEST_CASE("a delivery becomes a file, and nothing else is left") {
  for (auto* server : {&sftp_server::openssh(), &sftp_server::proftpd()}) {
    handler_box d{sftp(), server->config("plain")};
    auto what = file("a.json", R"({"n":1})");
    const auto seen = d.deliver(what);
    INFO(seen.detail);
    REQUIRE(seen.action == WB_ACTION_DELIVERED);
    CHECK(seen.external_reference == "plain/a.json");
    CHECK(seen.bytes_sent == 7);
    CHECK(server->read("plain/a.json") == R"({"n":1})");
    CHECK(server->files("plain") == strings{"a.json"});
    const auto request = json::parse(seen.request);
    CHECK(request["host"] == "127.0.0.1");
    CHECK(request["path"] == "plain/a.json");
    CHECK(json::parse(seen.response)["size"] == 7);
  }
}

TEST_CASE("an empty file is a file") {
  handler_box d{sftp(), sftp_server::openssh().config("empty")};
  auto what = file("none", "");
  CHECK(d.deliver(what).action == WB_ACTION_DELIVERED);
  CHECK(sftp_server::openssh().files("empty") == strings{"none"});
}

TEST_CASE("folders are made and permissions set, whatever the server's umask") {
  auto& server = sftp_server::openssh();
  auto config = server.config("deep/{organizationId}/{year}");
  config["fileMode"] = "0666";
  config["directoryMode"] = "0770";
  handler_box d{sftp(), config};
  auto what = file("a");
  what.organization_id = "org_1";
  REQUIRE(d.deliver(what).action == WB_ACTION_DELIVERED);
  CHECK(mode_of(server.home() + "/deep/org_1/2026/a") == 0666);
  CHECK(mode_of(server.home() + "/deep") == 0770);
  CHECK(mode_of(server.home() + "/deep/org_1/2026") == 0770);
}

TEST_CASE("without permission to make folders a missing one is a fault of the configuration") {
  auto config = sftp_server::openssh().config("missing/folder");
  config["createDirectories"] = false;
  handler_box d{sftp(), config};
  const auto seen = d.deliver();
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_CONFIGURATION);
  CHECK(seen.code == 2);
  CHECK(d.test().category == WB_CATEGORY_CONFIGURATION);
}

TEST_CASE("a folder that may not be written to is a fault of the configuration") {
  handler_box d{sftp(), sftp_server::openssh().config("/usr/local/{year}")};
  const auto seen = d.deliver();
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_CONFIGURATION);
  CHECK(d.test().category == WB_CATEGORY_CONFIGURATION);
}

TEST_CASE("a file that exists is replaced, or the delivery rejected, as configured") {
  for (auto* server : {&sftp_server::openssh(), &sftp_server::proftpd()}) {
    handler_box replacing{sftp(), server->config("exists")};
    auto first = file("a", "first");
    auto second = file("a", "second!");
    REQUIRE(replacing.deliver(first).action == WB_ACTION_DELIVERED);
    const auto replaced = replacing.deliver(second);
    INFO(replaced.detail);
    REQUIRE(replaced.action == WB_ACTION_DELIVERED);
    CHECK(server->read("exists/a") == "second!");
    auto config = server->config("exists");
    config["ifExists"] = "fail";
    handler_box failing{sftp(), config};
    const auto seen = failing.deliver(first);
    CHECK(seen.action == WB_ACTION_REJECT);
    CHECK(seen.category == WB_CATEGORY_VALIDATION);
    failing.drain();
    CHECK(server->read("exists/a") == "second!");
    // The same task once more, after its outcome was lost: its file is its own.
    auto again = file("a", "second!");
    again.sha256 = waybill::transfer::sha256(again.content);
    CHECK(failing.deliver(again).action == WB_ACTION_DELIVERED);
    CHECK(server->files("exists") == strings{"a"});
  }
}

TEST_CASE("content is checked at the server where that is asked for") {
  for (auto* server : {&sftp_server::openssh(), &sftp_server::proftpd()}) {
    auto config = server->config("checked");
    config["verify"] = "content";
    config["sync"] = true;
    handler_box d{sftp(), config};
    auto small = file("small", std::string(100'000, 'x'));
    small.sha256 = waybill::transfer::sha256(small.content);
    const auto seen = d.deliver(small);
    INFO(seen.detail);
    REQUIRE(seen.action == WB_ACTION_DELIVERED);
    CHECK(json::parse(seen.response)["verified"] == "content");
    auto big = file("big", std::string(3'000'000, 'y'));
    big.streamed = true;
    big.sha256 = waybill::transfer::sha256(big.content);
    const auto other = d.deliver(big);
    INFO(other.detail);
    REQUIRE(other.action == WB_ACTION_DELIVERED);
    CHECK(json::parse(other.response)["verified"] == "content");
  }
}

TEST_CASE("content that is not what its checksum says is not delivered") {
  auto& server = sftp_server::openssh();
  handler_box d{sftp(), server.config("torn")};
  for (const bool streamed : {false, true}) {
    auto what = file(streamed ? "b" : "a", std::string(streamed ? 1'000'000 : 10, 'x'));
    what.streamed = streamed;
    what.sha256 = waybill::transfer::sha256("something else");
    const auto seen = d.deliver(what);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_SYSTEM);
  }
  // The temporary files went on the same session before this one came.
  auto last = file("last");
  REQUIRE(d.deliver(last).action == WB_ACTION_DELIVERED);
  CHECK(server.files("torn") == strings{"last"});
}

TEST_CASE("content that cannot be read ends the attempt and leaves nothing") {
  auto& server = sftp_server::openssh();
  handler_box d{sftp(), server.config("unread")};
  auto what = file("a", std::string(2'000'000, 'x'));
  what.streamed = true;
  what.fails_at = 1'000'000;
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_SYSTEM);
  auto last = file("last");
  REQUIRE(d.deliver(last).action == WB_ACTION_DELIVERED);
  CHECK(server.files("unread") == strings{"last"});
}

TEST_CASE("a path that cannot be made rejects the delivery") {
  handler_box d{sftp(), sftp_server::openssh().config("in/{metadata.customer}")};
  const auto seen = d.deliver();
  CHECK(seen.action == WB_ACTION_REJECT);
  CHECK(seen.category == WB_CATEGORY_VALIDATION);
  CHECK(seen.detail.find("{metadata.customer}") != std::string::npos);
}

TEST_CASE("one session serves one delivery after the other, and a dead one is replaced unseen") {
  sftp_server server;
  auto config = server.config();
  config["maxSessions"] = 1;
  handler_box d{sftp(), config};
  for (int i = 0; i < 5; ++i) {
    auto what = file(std::to_string(i));
    REQUIRE(d.deliver(what).action == WB_ACTION_DELIVERED);
  }
  CHECK(server.sessions() == 1);
  // The process that serves the session names itself in the log.
  REQUIRE(run({"sh", "-c", "kill -KILL $(sed -n 's/.*User child is on pid \\([0-9]*\\).*/\\1/p' " + server.home() + "/../log)"},
              server.home() + "/../kill.log") == 0);
  auto what = file("after");
  CHECK(d.deliver(what).action == WB_ACTION_DELIVERED);
  CHECK(server.sessions() == 2);
}

TEST_CASE("an idle session is closed in its time") {
  sftp_server server;
  auto config = server.config();
  config["idleTimeoutMs"] = 50;
  handler_box d{sftp(), config};
  REQUIRE(d.deliver().action == WB_ACTION_DELIVERED);
  const auto is_closed = [&] {
    const auto log = server.log();
    const auto from = log.find("Accepted");
    return log.find("Connection closed by", from) != std::string::npos ||
           log.find("Connection reset by", from) != std::string::npos;
  };
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!is_closed() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  INFO(server.log());
  CHECK(is_closed());
}

TEST_CASE("no connection outlives its use, however that ended") {
  auto good = sftp_server::openssh().config();
  good["idleTimeoutMs"] = 0;
  auto stranger = good;
  stranger["hostKey"] = {{"fingerprints", {"SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"}}};
  auto wrong = good;
  wrong["auth"]["password"] = "wrong";
  auto web = good;
  web["port"] = nginx_server::instance().port();
  web["connectTimeoutMs"] = 300;
  const auto use_all = [&] {
    for (const auto& config : {good, stranger, wrong, web}) {
      handler_box d{sftp(), config};
      CHECK((d.deliver().action == WB_ACTION_DELIVERED) == (config == good));
      static_cast<void>(d.test());
    }
  };
  const auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{});
  };
  use_all();  // opens what is opened once
  const auto before = open_descriptors();
  use_all();
  CHECK(open_descriptors() == before);
}

TEST_CASE("a batch goes over one session, each with its own outcome") {
  sftp_server server;
  handler_box d{sftp(), server.config("batch/{metadata.to}")};
  std::vector<fake_delivery> what;
  for (int i = 0; i < 100; ++i) {
    what.push_back(file("f" + std::to_string(i), std::string(static_cast<std::size_t>(i) * 1'000, 'x')));
    what.back().metadata = i == 7 ? "{}" : R"({"to":"a"})";
  }
  what[50].streamed = true;
  what[51].content = std::string(1'000'000, 'z');
  what[60].sha256 = waybill::transfer::sha256("something else");
  const auto seen = d.deliver_batch(what);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    INFO(i << " " << seen[i].detail);
    CHECK(seen[i].action == (i == 7 ? WB_ACTION_REJECT : i == 60 ? WB_ACTION_RETRY : WB_ACTION_DELIVERED));
  }
  CHECK(server.sessions() == 1);
  CHECK(server.files("batch/a").size() == 98);
  CHECK(server.read("batch/a/f99") == what[99].content);
}

TEST_CASE("many deliveries at once share the sessions that there may be") {
  sftp_server server;
  auto config = server.config();
  config["maxSessions"] = 3;
  handler_box d{sftp(), config};
  std::vector<fake_delivery> what;
  for (int i = 0; i < 200; ++i) what.push_back(file("f" + std::to_string(i)));
  std::vector<wb_token> tokens;
  for (auto& one : what) tokens.push_back(d.start(one));
  for (const auto token : tokens) CHECK(d.finish(token).action == WB_ACTION_DELIVERED);
  CHECK(server.files("in").size() == 200);
  CHECK(server.sessions() <= 3);
}

TEST_CASE("an upload that was cut off is gone on with, also by another handler") {
  sftp_server server;
  auto what = large("big", 40'000'000);
  {
    waybill::transfer::sha256_hasher hasher;
    std::string block;
    for (std::uint64_t at = 0; at < what.size; ++at) block.push_back(what.generated(at));
    hasher.add(block);
    what.sha256 = hasher.finish();
  }
  auto config = server.config("resumed");
  std::map<std::string, std::string> kept;
  {
    const cutting_proxy proxy{server.port(), 25'000'000};
    config["port"] = proxy.port();
    handler_box d{sftp(), config};
    const auto seen = d.deliver(what);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_NETWORK);
    kept = fake_host::instance().state_of(d.context);
    REQUIRE(kept.count("uploads") == 1);
    CHECK_FALSE(server.exists("resumed/big"));
  }
  config["port"] = server.port();
  handler_box d{sftp(), config};
  d.context.state = kept;
  const auto seen = d.deliver(what);
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  CHECK(json::parse(seen.request)["resumedFrom"] > 15'000'000);
  CHECK(seen.bytes_sent < 25'000'000);
  CHECK(json::parse(seen.response)["verified"] == "content");
  CHECK(is_generated(server.home() + "/resumed/big", what));
  CHECK(server.files("resumed") == strings{"big"});
  CHECK(fake_host::instance().state_of(d.context)["uploads"] == "{}");
}

TEST_CASE("what was resumed and is not whole is sent anew") {
  sftp_server server;
  auto what = large("big", 20'000'000);
  what.sha256 = waybill::transfer::sha256("something else");  // the check by content must fail
  handler_box d{sftp(), server.config("resumed")};
  std::filesystem::create_directory(server.home() + "/resumed");
  { std::ofstream{server.home() + "/resumed/.waybill-tsk_big.part"} << std::string(10'000'000, 'x'); }
  std::filesystem::permissions(server.home() + "/resumed", std::filesystem::perms::all);
  std::filesystem::permissions(server.home() + "/resumed/.waybill-tsk_big.part", std::filesystem::perms::all);
  d.context.state["uploads"] = R"({"tsk_big":{"path":"resumed/.waybill-tsk_big.part","confirmed":9000000,"at":1}})";
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_REMOTE);
  CHECK(seen.detail.find("checksum") != std::string::npos);
  what.sha256 = {};
  const auto again = d.deliver(what);
  REQUIRE(again.action == WB_ACTION_DELIVERED);
  CHECK(again.bytes_sent == what.size);
  CHECK(is_generated(server.home() + "/resumed/big", what));
}

TEST_CASE("a large file streams in bounded memory") {
  auto& server = sftp_server::openssh();
  handler_box d{sftp(), server.config("huge")};
  auto what = large("huge", std::uint64_t{1} << 28);
  // Cheaper to make than the default, since making it would be most of the time.
  what.generated = [](std::uint64_t at) { return static_cast<char>(at); };
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const auto seen = d.deliver(what);
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  CHECK(std::filesystem::file_size(server.home() + "/huge/huge") == what.size);
  CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1'024);  // KiB
  std::filesystem::remove(server.home() + "/huge/huge");
}

TEST_CASE("an upload that is canceled stops at once and leaves nothing") {
  sftp_server server;
  const cutting_proxy proxy{server.port(), 5'000'000, cutting_proxy::what::freeze};
  auto config = server.config("canceled");
  config["port"] = proxy.port();
  handler_box frozen{sftp(), config};
  auto what = large("big", 30'000'000);
  const auto token = frozen.start(what);
  while (proxy.passed() < 5'000'000) std::this_thread::yield();
  const auto begin = std::chrono::steady_clock::now();
  frozen.cancel(token);
  CHECK(frozen.finish(token).action == WB_ACTION_CANCELED);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{5});
}

TEST_CASE("what a canceled upload has written is removed") {
  sftp_server server;
  handler_box d{sftp(), server.config("dropped")};
  auto what = large("big", 30'000'000);
  std::promise<void> reached;
  std::promise<void> go_on;
  what.generated = [&](std::uint64_t at) {
    if (at == 10'000'000) {
      reached.set_value();
      go_on.get_future().wait();
    }
    return 'x';
  };
  const auto token = d.start(what);
  REQUIRE(reached.get_future().wait_for(std::chrono::seconds{20}) == std::future_status::ready);
  CHECK(server.files("dropped") == strings{".waybill-tsk_big.part"});
  d.cancel(token);
  go_on.set_value();
  CHECK(d.finish(token).action == WB_ACTION_CANCELED);
  CHECK(server.files("dropped").empty());
}

TEST_CASE("a server that falls silent is a time-out, and canceling does not wait for it") {
  sftp_server server;
  const cutting_proxy proxy{server.port(), 0, cutting_proxy::what::freeze};
  auto config = server.config();
  config["port"] = proxy.port();
  config["connectTimeoutMs"] = 300;
  config["maxSessions"] = 1;
  handler_box d{sftp(), config};
  const auto seen = d.deliver();
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_TIMEOUT);
  config["connectTimeoutMs"] = 60'000;
  handler_box stuck{sftp(), config};
  auto first = file("a");
  auto second = large("b", 1'000'000);
  first.timeout_ms = second.timeout_ms = 60'000;
  const auto running = stuck.start(first);
  const auto waiting = stuck.start(second);
  stuck.cancel(waiting);
  CHECK(stuck.finish(waiting).action == WB_ACTION_CANCELED);
  stuck.cancel(running);
  CHECK(stuck.finish(running).action == WB_ACTION_CANCELED);
  stuck.drain();
  CHECK(fake_host::instance().completions(running) == 1);
}

TEST_CASE("the deadline of a delivery holds") {
  sftp_server server;
  const cutting_proxy proxy{server.port(), 0, cutting_proxy::what::freeze};
  auto config = server.config();
  config["port"] = proxy.port();
  handler_box d{sftp(), config};
  auto what = file("a");
  what.timeout_ms = 200;
  const auto seen = d.deliver(what);
  CHECK(seen.category == WB_CATEGORY_TIMEOUT);
}

TEST_CASE("a server that is not there, and one that is no SSH server, are the network's fault") {
  auto config = sftp_server::openssh().config();
  config["port"] = free_port();
  handler_box d{sftp(), config};
  const auto seen = d.deliver();
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  config["port"] = nginx_server::instance().port();
  config["connectTimeoutMs"] = 2'000;
  handler_box web{sftp(), config};
  const auto other = web.deliver();
  CHECK((other.category == WB_CATEGORY_NETWORK || other.category == WB_CATEGORY_TIMEOUT));
  config["host"] = "no-such-name.invalid";
  handler_box unnamed{sftp(), config};
  CHECK(unnamed.deliver().category == WB_CATEGORY_NETWORK);
}

TEST_CASE("the guard is asked about the address of every connection, and its refusal holds") {
  handler_box d{sftp(), sftp_server::openssh().config()};
  std::string asked;
  d.context.guard = [&](const std::uint8_t* address, std::uint32_t size, std::uint32_t port) {
    asked = std::to_string(size) + ":" + std::to_string(address[0]) + ":" + std::to_string(port);
    return false;
  };
  const auto seen = d.deliver();
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  CHECK(seen.detail.find("network.allow") != std::string::npos);
  CHECK(asked == "4:127:" + std::to_string(sftp_server::openssh().port()));
  CHECK(d.test().category == WB_CATEGORY_NETWORK);
}
