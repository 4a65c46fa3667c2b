// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <waybill/transfer/body.hpp>

#include "config.hpp"
#include "smtp_auth.hpp"
#include "smtp_channel.hpp"
#include "smtp_reply.hpp"

namespace waybill::email {

/// How far a session or a mail came.
enum class smtp_stage : std::uint8_t { connect = 1, greeting, tls, authentication, sender, recipients, content, done };
[[nodiscard]] std::string_view name_of(smtp_stage stage);

/// What came of opening a session or of sending a mail.
struct smtp_outcome {
  smtp_stage stage = smtp_stage::connect;  ///< done: all went well, up to what `recipients` says
  channel_fault fault;                     ///< the connection's; else `reply` is the server's last word
  smtp_reply reply;
  std::vector<smtp_reply> recipients;  ///< a reply for each recipient that was asked for
  std::string unfit;                   ///< why this server does not do, though it answered well: no STARTTLS, no mechanism
  std::uint64_t bytes_sent = 0;        ///< of the content, before dot-stuffing

  [[nodiscard]] bool good() const { return stage == smtp_stage::done; }
};

/// What a session needs of its destination. Lives as long as any of its sessions.
struct smtp_way {
  smtp_settings settings;
  transfer::connect_guard guard;
  std::shared_ptr<asio::ssl::context> tls;
};

/// A mail on its way to one server.
struct smtp_mail {
  std::string sender;                             ///< of the envelope
  std::vector<std::string> recipients;            ///< of the envelope
  std::uint64_t size = 0;                         ///< bytes of the content
  std::string_view content;                       ///< in memory, or
  std::shared_ptr<transfer::body_source> source;  ///< read on the worker
};

/// One connection to an SMTP server (RFC 5321) that is logged in and carries one mail after another. Commands are pipelined
/// where the server allows it (RFC 2920). Made by the pool; kept alive by what is under way; runs on the SMTP thread only.
/// Every operation ends with one call of its handler.
class smtp_session : public std::enable_shared_from_this<smtp_session> {
public:
  using ended = std::function<void(smtp_outcome)>;
  /// Runs a job where it may block.
  using offloader = std::function<void(std::function<void()>)>;

  smtp_session(asio::io_context& io, std::shared_ptr<const smtp_way> way, offloader offload);

  /// Connects, greets, turns to TLS, authenticates. `token`: with OAuth 2.0.
  void open(const std::string& token, ended then);
  void send(std::shared_ptr<const smtp_mail> mail, ended then);
  /// Asks for leave to send as `sender`, and takes it back.
  void probe(const std::string& sender, ended then);
  /// Says QUIT and closes, without waiting for an answer.
  void quit();
  /// Ends what is under way with this fault.
  void abort(channel_fault why) { channel_.close(std::move(why)); }

  /// Logged in, idle, and the peer has neither spoken nor left.
  [[nodiscard]] bool usable() { return ready_ && channel_.quiet() && channel_.still_allowed(way_->guard); }
  [[nodiscard]] std::int64_t mails() const { return mails_; }  ///< sent or tried
  [[nodiscard]] std::string protection() const { return channel_.protection(); }

private:
  using replied = std::function<void(smtp_reply)>;
  struct transaction;
  using transaction_ptr = std::shared_ptr<transaction>;

  void fail(channel_fault fault);
  void refuse(smtp_reply reply);
  void unfit(std::string why);
  void finish(smtp_reply last);
  void end();
  void say(std::string_view line, replied then);
  void hear(replied then);
  void hear_greeting();
  void greet();
  void secure();
  void authenticate();
  void converse(const std::shared_ptr<sasl_dialog>& dialog, smtp_reply reply);
  void ask(const transaction_ptr& what);
  void hear_answers(const transaction_ptr& what);
  void take_answer(const transaction_ptr& what, smtp_reply reply);
  void decide(const transaction_ptr& what);
  void send_content(const transaction_ptr& what);
  void pump(const transaction_ptr& what);
  void write_content(const transaction_ptr& what, bool last);
  void last_words(channel_fault fault);

  asio::io_context& io_;
  std::shared_ptr<const smtp_way> way_;
  offloader offload_;
  smtp_channel channel_;
  smtp_reply_reader replies_;
  smtp_extensions extensions_;
  std::string token_;
  std::string out_;  ///< being written
  smtp_outcome outcome_;
  ended then_;
  std::int64_t mails_ = 0;
  bool ready_ = false;
  bool needs_reset_ = false;  ///< a mail was refused: the next one starts with RSET
};

}  // namespace waybill::email
