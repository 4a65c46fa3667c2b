// SPDX-License-Identifier: Apache-2.0
#include "sftp_client.hpp"

#include <algorithm>
#include <array>

namespace waybill::sftp {
namespace {

// A packet of OpenSSH is at most 256 KiB, and the answers to our reads must be far below it.
constexpr std::uint64_t most_in_a_write = 261'120 - 1'024;

failure unasked() { return {trouble::protocol, "the server answers what was not asked"}; }

}  // namespace

std::string status_in_words(const reply& what) {
  constexpr std::array<const char*, 18> words{"ok",
                                              "end of file",
                                              "no such file",
                                              "permission denied",
                                              "failure",
                                              "bad message",
                                              "no connection",
                                              "connection lost",
                                              "operation unsupported",
                                              "invalid handle",
                                              "no such path",
                                              "file already exists",
                                              "write protect",
                                              "no media",
                                              "no space on the disk",
                                              "quota exceeded",
                                              "unknown principal",
                                              "lock conflict"};
  std::string out = what.status < words.size() ? words[what.status] : "status " + std::to_string(what.status);
  auto said = what.text.substr(0, 200);
  for (auto& c : said)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  if (!said.empty()) out += " (\"" + said + "\")";
  return out;
}

result<std::unique_ptr<sftp_client>> sftp_client::start(std::unique_ptr<ssh_link> link, const patience& how_long) {
  std::unique_ptr<sftp_client> self{new sftp_client{std::move(link)}};
  const auto greeted = self->greet(how_long).and_then([&] { return self->ask_limits(how_long); });
  if (!greeted) return fail(greeted.error());
  return self;
}

result<void> sftp_client::greet(const patience& how_long) {
  // INIT carries the version where others carry their number.
  packet_writer{out_, packet::init, 3}.finish();
  const auto came = pump(how_long, [this] { return greeted_; });
  if (!came) return came;
  if (server_.version < 3) return fail(trouble::protocol, "the server speaks an older SFTP than version 3");
  return {};
}

result<void> sftp_client::ask_limits(const patience& how_long) {
  if (!has("limits@openssh.com")) return {};
  auto made = extended("limits@openssh.com");
  const auto answer = wait(sent(made), how_long);
  if (!answer) return fail(answer.error());
  const auto limit = answer->kind == packet::extended_reply ? read_write_limit(answer->text) : std::nullopt;
  if (limit) longest_write_ = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(*limit, 1'024, most_in_a_write));
  return {};
}

packet_writer sftp_client::request(packet kind) { return packet_writer{out_, kind, ++last_}; }

packet_writer sftp_client::extended(std::string_view name) {
  auto made = request(packet::extended);
  made.text(name);
  return made;
}

request_id sftp_client::sent(packet_writer& made) {
  made.finish();
  awaited_.insert(last_);
  return last_;
}

request_id sftp_client::open(std::string_view path, std::uint32_t flags, const std::optional<std::uint32_t>& mode) {
  auto made = request(packet::open);
  return sent(made.text(path).u32(flags).permissions(mode));
}
request_id sftp_client::close(std::string_view handle) {
  auto made = request(packet::close);
  return sent(made.text(handle));
}
request_id sftp_client::write(std::string_view handle, std::uint64_t offset, std::string_view bytes) {
  auto made = request(packet::write);
  return sent(made.text(handle).u64(offset).text(bytes));
}
request_id sftp_client::read(std::string_view handle, std::uint64_t offset, std::uint32_t size) {
  auto made = request(packet::read);
  return sent(made.text(handle).u64(offset).u32(size));
}
request_id sftp_client::stat(std::string_view path) {
  auto made = request(packet::stat);
  return sent(made.text(path));
}
request_id sftp_client::fstat(std::string_view handle) {
  auto made = request(packet::fstat);
  return sent(made.text(handle));
}
request_id sftp_client::set_mode_of(std::string_view handle, std::uint32_t mode) {
  auto made = request(packet::fsetstat);
  return sent(made.text(handle).permissions(mode));
}
request_id sftp_client::set_mode(std::string_view path, std::uint32_t mode) {
  auto made = request(packet::setstat);
  return sent(made.text(path).permissions(mode));
}
request_id sftp_client::remove(std::string_view path) {
  auto made = request(packet::remove);
  return sent(made.text(path));
}
request_id sftp_client::make_folder(std::string_view path, const std::optional<std::uint32_t>& mode) {
  auto made = request(packet::mkdir);
  return sent(made.text(path).permissions(mode));
}
request_id sftp_client::rename(std::string_view from, std::string_view to) {
  auto made = request(packet::rename);
  return sent(made.text(from).text(to));
}
request_id sftp_client::replace(std::string_view from, std::string_view to) {
  auto made = extended(posix_rename);
  return sent(made.text(from).text(to));
}
request_id sftp_client::sync(std::string_view handle) {
  auto made = extended(fsync);
  return sent(made.text(handle));
}
request_id sftp_client::digest(std::string_view path) {
  auto made = extended("check-file-name");
  return sent(made.text(path).text("sha256").u64(0).u64(0).u32(0));  // all of it, as one block
}

bool sftp_client::has(std::string_view extension) const {
  return std::any_of(server_.extensions.begin(), server_.extensions.end(),
                     [&](const auto& one) { return one.first == extension; });
}

result<reply> sftp_client::wait(request_id id, const patience& how_long) {
  const auto came = pump(how_long, [&] { return replies_.count(id) != 0; });
  if (!came) return fail(came.error());
  const auto found = replies_.find(id);
  auto out = std::move(found->second);
  replies_.erase(found);
  return out;
}

result<void> sftp_client::done(request_id id, const patience& how_long, std::string_view doing) {
  const auto answer = wait(id, how_long);
  if (!answer) return fail(answer.error());
  if (answer->kind != packet::status) return fail(trouble::protocol, "the server answers with another kind of packet");
  if (answer->status == fx::ok) return {};
  return fail(trouble::status, std::string{doing} + ": " + status_in_words(*answer), answer->status);
}

void sftp_client::forget(request_id id) {
  if (replies_.erase(id) != 0) return;
  if (awaited_.erase(id) != 0) forgotten_.insert(id);
}

result<void> sftp_client::turn() {
  const auto moved = move();
  if (!moved) return fail(moved.error());
  return {};
}

/// One look at both directions. True if anything moved.
result<bool> sftp_client::move() {
  bool moved = false;
  if (out_done_ < out_.size()) {
    const auto wrote = link_->write_some(std::string_view{out_}.substr(out_done_));
    if (!wrote) return fail(wrote.error());
    moved = *wrote > 0;
    out_done_ += *wrote;
    if (out_done_ == out_.size()) {
      out_.clear();
      out_done_ = 0;
    } else if (out_done_ > out_.size() / 2) {
      out_.erase(0, std::exchange(out_done_, 0));
    }
  }
  const auto room = link_->room();
  const auto got = link_->read_some(in_);
  if (!got) return fail(got.error());
  // What was read may have been leave to write more, and nothing else need ever come in to wake us.
  if (*got == 0) return moved || (!out_.empty() && link_->room() > room);
  if (const auto taken = take_packets(); !taken) return fail(taken.error());
  return true;
}

result<void> sftp_client::take_packets() {
  std::string_view rest{in_};
  bool broken = false;
  while (const auto content = next_packet(rest, broken)) {
    rest.remove_prefix(content->size() + 4);
    if (!greeted_) {
      auto said = read_version(*content);
      if (!said) return fail(trouble::protocol, "the server does not speak SFTP");
      server_ = std::move(*said);
      greeted_ = true;
      continue;
    }
    auto answer = read_reply(*content);
    if (!answer) return fail(trouble::protocol, "the server's answer is not one of SFTP");
    answered_ = true;
    if (forgotten_.erase(answer->id) != 0) continue;
    if (awaited_.erase(answer->id) == 0) return fail(unasked());
    replies_.emplace(answer->id, std::move(*answer));
  }
  if (broken) return fail(trouble::protocol, "the server sends something that is not SFTP");
  in_.erase(0, in_.size() - rest.size());
  return {};
}

template <class Ready>
result<void> sftp_client::pump(const patience& how_long, Ready ready) {
  auto quiet_until = clock::now() + how_long.idle;
  while (!ready()) {
    const auto moved = move();
    if (!moved) return fail(moved.error());
    if (*moved) {
      quiet_until = clock::now() + how_long.idle;
      // A connection that always has something to do must notice, too, that nobody waits for it.
      if (clock::now() > how_long.deadline) return fail(trouble::timeout, "the upload was not done by its deadline");
      continue;
    }
    const auto waited = link_->wait({std::min(how_long.deadline, quiet_until), how_long.stop});
    if (!waited) return waited;
  }
  return {};
}

}  // namespace waybill::sftp
