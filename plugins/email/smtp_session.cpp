// SPDX-License-Identifier: Apache-2.0
#include "smtp_session.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include <asio/post.hpp>

#include "dot_stuffing.hpp"

namespace waybill::email {
namespace {

using transfer::ending;

// Commands written before their answers are read: the answers to these fit into any socket's buffers.
constexpr std::size_t most_pipelined = 100;
constexpr std::size_t chunk_bytes = std::size_t{128} * 1'024;

/// A name of this machine for EHLO (RFC 5321 section 4.1.4), or the literal that always stands.
[[nodiscard]] std::string own_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "[127.0.0.1]";
  const auto domain = ascii_domain(name.data());
  return domain.empty() ? "[127.0.0.1]" : domain;
}

[[nodiscard]] channel_fault nonsense() { return {ending::broken, "the server's reply is not SMTP"}; }

}  // namespace

std::string_view name_of(smtp_stage stage) {
  switch (stage) {
    case smtp_stage::connect:
      return "connecting";
    case smtp_stage::greeting:
      return "the greeting";
    case smtp_stage::tls:
      return "STARTTLS";
    case smtp_stage::authentication:
      return "authentication";
    case smtp_stage::sender:
      return "the sender";
    case smtp_stage::recipients:
      return "the recipients";
    case smtp_stage::content:
      return "the content";
    case smtp_stage::done:
      break;
  }
  return "the end";
}

/// A mail under way, and the commands of it that wait for an answer.
struct smtp_session::transaction {
  enum class command : std::uint8_t { reset = 1, sender, recipient, data };

  std::shared_ptr<const smtp_mail> mail;
  std::deque<command> waiting;
  std::size_t asked = 0;  ///< recipients
  std::size_t accepted = 0;
  bool asked_sender = false;
  bool asked_data = false;
  bool goes_ahead = false;  ///< 354
  smtp_reply refusal;       ///< of the sender or of DATA; code 0 if there was none
  smtp_stage refused_at = smtp_stage::sender;
  dot_stuffer dots;
  std::vector<char> chunk;
};

smtp_session::smtp_session(asio::io_context& io, std::shared_ptr<const smtp_way> way, offloader offload)
    : io_(io), way_(std::move(way)), offload_(std::move(offload)), channel_(io) {}

void smtp_session::open(const std::string& token, ended then) {
  token_ = token;
  then_ = std::move(then);
  outcome_ = {};
  const auto& to = way_->settings;
  if (to.security != smtp_security::none && !way_->tls)
    return fail({ending::not_possible, "TLS cannot be set up with these certificates"});
  channel_.connect(to.host, to.port, way_->guard, [self = shared_from_this()](const channel_fault& fault) {
    if (fault) return self->fail(fault);
    if (self->way_->settings.security != smtp_security::tls) return self->hear_greeting();
    self->outcome_.stage = smtp_stage::tls;
    self->channel_.start_tls(*self->way_->tls, self->way_->settings.host, [self](const channel_fault& failed) {
      if (failed) return self->fail(failed);
      self->hear_greeting();
    });
  });
}

void smtp_session::hear_greeting() {
  outcome_.stage = smtp_stage::greeting;
  hear([this](smtp_reply reply) {
    if (!reply.positive()) return refuse(std::move(reply));
    greet();
  });
}

void smtp_session::greet() {
  static const std::string own = own_name();
  const auto& name = way_->settings.ehlo_name;
  say("EHLO " + (name.empty() ? own : name), [this](smtp_reply reply) {
    if (!reply.positive()) return refuse(std::move(reply));
    extensions_ = parse_extensions(reply);
    if (way_->settings.security == smtp_security::starttls && !channel_.encrypted()) return secure();
    authenticate();
  });
}

void smtp_session::secure() {
  outcome_.stage = smtp_stage::tls;
  if (!extensions_.starttls) return unfit("the server does not offer STARTTLS");
  say("STARTTLS", [this](smtp_reply reply) {
    if (!reply.positive()) return refuse(std::move(reply));
    // What came in clear after the reply was put there by somebody else (RFC 3207 section 6).
    if (!replies_.empty()) return fail({ending::tls_failed, "the server spoke in clear after it had agreed to TLS"});
    channel_.start_tls(*way_->tls, way_->settings.host, [self = shared_from_this()](const channel_fault& fault) {
      if (fault) return self->fail(fault);
      self->greet();
    });
  });
}

void smtp_session::authenticate() {
  outcome_.stage = smtp_stage::authentication;
  const auto& auth = way_->settings.auth;
  if (auth.kind == smtp_auth_kind::none) return finish({});
  const auto mechanism = choose_mechanism(auth, extensions_, channel_.encrypted());
  if (mechanism == smtp_mechanism::automatic)
    return unfit(auth.mechanism == smtp_mechanism::automatic
                     ? std::string{"the server offers no mechanism of authentication that can be used"}
                     : "the server does not offer AUTH " + std::string{name_of(auth.mechanism)});
  const bool token = auth.kind == smtp_auth_kind::oauth2;
  auto dialog = std::make_shared<sasl_dialog>(mechanism, auth.username, token ? token_ : auth.password, way_->settings.host,
                                              way_->settings.port);
  say(dialog->command(), [this, dialog](smtp_reply reply) { converse(dialog, std::move(reply)); });
}

void smtp_session::converse(const std::shared_ptr<sasl_dialog>& dialog, smtp_reply reply) {
  if (reply.positive()) return finish(std::move(reply));
  if (reply.code != 334) return refuse(std::move(reply));
  const auto line = dialog->respond(reply);
  // RFC 4954 section 4: a lone * gives up, and the server says so.
  say(line ? *line : "*", [this, dialog](smtp_reply next) { converse(dialog, std::move(next)); });
}

void smtp_session::probe(const std::string& sender, ended then) {
  then_ = std::move(then);
  outcome_ = {};
  outcome_.stage = smtp_stage::sender;
  say("MAIL FROM:<" + sender + ">", [this](smtp_reply reply) {
    if (!reply.positive()) return refuse(std::move(reply));
    say("RSET", [this, reply = std::move(reply)](const smtp_reply&) { finish(reply); });
  });
}

void smtp_session::send(std::shared_ptr<const smtp_mail> mail, ended then) {
  then_ = std::move(then);
  outcome_ = {};
  outcome_.stage = smtp_stage::sender;
  ++mails_;
  if (extensions_.max_size > 0 && mail->size > extensions_.max_size)
    return unfit("the mail has " + std::to_string(mail->size) + " bytes, and the server takes " +
                 std::to_string(extensions_.max_size) + " at most");
  auto what = std::make_shared<transaction>();
  what->mail = std::move(mail);
  ask(what);
}

/// Writes as many of the commands before the content as may go together.
void smtp_session::ask(const transaction_ptr& what) {
  using command = transaction::command;
  const auto& mail = *what->mail;
  out_.clear();
  const auto room = [&] { return what->waiting.empty() || (extensions_.pipelining && what->waiting.size() < most_pipelined); };
  if (needs_reset_) {
    out_ += "RSET\r\n";
    what->waiting.push_back(command::reset);
    needs_reset_ = false;
  }
  if (!what->asked_sender && room()) {
    out_ += "MAIL FROM:<" + mail.sender + ">" + (extensions_.size ? " SIZE=" + std::to_string(mail.size) : "") + "\r\n";
    what->waiting.push_back(command::sender);
    what->asked_sender = true;
  }
  for (; what->asked_sender && what->asked < mail.recipients.size() && room(); ++what->asked) {
    out_ += "RCPT TO:<" + mail.recipients[what->asked] + ">\r\n";
    what->waiting.push_back(command::recipient);
  }
  if (what->asked == mail.recipients.size() && !what->asked_data && room()) {
    out_ += "DATA\r\n";
    what->waiting.push_back(command::data);
    what->asked_data = true;
  }
  channel_.write(out_, [self = shared_from_this(), what](const channel_fault& fault) {
    if (fault) return self->last_words(fault);
    self->hear_answers(what);
  });
}

void smtp_session::hear_answers(const transaction_ptr& what) {
  if (what->waiting.empty()) return decide(what);
  hear([this, what](smtp_reply reply) {
    take_answer(what, std::move(reply));
    hear_answers(what);
  });
}

void smtp_session::take_answer(const transaction_ptr& what, smtp_reply reply) {
  using command = transaction::command;
  const auto which = what->waiting.front();
  what->waiting.pop_front();
  if (reply.code == 421) ready_ = false;
  if (which == command::sender && !reply.positive()) {
    what->refusal = std::move(reply);
  } else if (which == command::recipient) {
    if (reply.positive()) ++what->accepted;
    outcome_.recipients.push_back(std::move(reply));
  } else if (which == command::data) {
    what->goes_ahead = reply.code == 354;
    if (what->goes_ahead || what->refusal.code != 0 || what->accepted == 0) return;
    what->refusal = std::move(reply);
    what->refused_at = smtp_stage::content;
  }
}

/// All that was asked has been answered: what comes next?
void smtp_session::decide(const transaction_ptr& what) {
  const bool all_asked = what->asked == what->mail->recipients.size();
  const bool hopeless = what->refusal.code != 0 || (all_asked && what->accepted == 0);
  if (!hopeless) return what->goes_ahead ? send_content(what) : ask(what);
  outcome_.stage = what->refusal.code != 0 ? what->refused_at : smtp_stage::recipients;
  if (what->refusal.code == 0) what->refusal = outcome_.recipients.back();
  needs_reset_ = true;
  if (!what->goes_ahead) return refuse(std::move(what->refusal));
  // RFC 2920 section 3.1: a server that goes ahead though it took no recipient gets an empty mail.
  say(".", [this, what](const smtp_reply&) { refuse(std::move(what->refusal)); });
}

void smtp_session::send_content(const transaction_ptr& what) {
  outcome_.stage = smtp_stage::content;
  out_.clear();
  if (what->mail->source) {
    what->chunk.resize(chunk_bytes);
    return pump(what);
  }
  what->dots.append(out_, what->mail->content);
  outcome_.bytes_sent = what->mail->content.size();
  what->dots.finish(out_);
  write_content(what, true);
}

/// One piece from the worker to the wire, and the next.
void smtp_session::pump(const transaction_ptr& what) {
  offload_([self = shared_from_this(), what] {
    auto& source = *what->mail->source;
    std::optional<std::size_t> got = 0;
    if (self->outcome_.bytes_sent > 0 || source.rewind())
      got = source.read(what->chunk.data(), what->chunk.size());
    else
      got = std::nullopt;
    asio::post(self->io_, [self, what, got] {
      if (!got) {
        self->ready_ = false;
        return self->fail({ending::body_failed, "the content could not be read"});
      }
      self->outcome_.bytes_sent += *got;
      self->out_.clear();
      what->dots.append(self->out_, {what->chunk.data(), *got});
      if (*got == 0) what->dots.finish(self->out_);
      self->write_content(what, *got == 0);
    });
  });
}

void smtp_session::write_content(const transaction_ptr& what, bool last) {
  channel_.write(out_, [self = shared_from_this(), what, last](const channel_fault& fault) {
    if (fault) return self->last_words(fault);
    if (!last) return self->pump(what);
    self->hear([self = self.get()](smtp_reply reply) {
      if (reply.positive()) return self->finish(std::move(reply));
      self->needs_reset_ = true;
      self->refuse(std::move(reply));
    });
  });
}

/// A server that cuts the connection may have said why.
void smtp_session::last_words(channel_fault fault) {
  ready_ = false;
  channel_.read([self = shared_from_this(), fault = std::move(fault)](const channel_fault&, std::string_view bytes) {
    self->replies_.feed(bytes);
    smtp_reply reply;
    if (self->replies_.next(reply) == smtp_reply_reader::state::complete && reply.code >= 400)
      return self->refuse(std::move(reply));
    self->fail(fault);
  });
}

void smtp_session::quit() {
  // In the middle of something QUIT would not be heard, or taken for content.
  if (!std::exchange(ready_, false)) return channel_.close();
  out_ = "QUIT\r\n";
  channel_.write(out_, [self = shared_from_this()](const channel_fault&) { self->channel_.close(); });
}

void smtp_session::say(std::string_view line, replied then) {
  out_.assign(line).append("\r\n");
  channel_.write(out_, [self = shared_from_this(), then = std::move(then)](const channel_fault& fault) {
    if (fault) return self->last_words(fault);
    self->hear(then);
  });
}

void smtp_session::hear(replied then) {
  smtp_reply reply;
  switch (replies_.next(reply)) {
    case smtp_reply_reader::state::complete:
      return then(std::move(reply));
    case smtp_reply_reader::state::invalid:
      return fail(nonsense());
    case smtp_reply_reader::state::more:
      break;
  }
  channel_.read([self = shared_from_this(), then = std::move(then)](const channel_fault& fault, std::string_view bytes) {
    if (fault) return self->fail(fault);
    self->replies_.feed(bytes);
    self->hear(then);
  });
}

void smtp_session::fail(channel_fault fault) {
  ready_ = false;
  outcome_.fault = std::move(fault);
  end();
}

void smtp_session::refuse(smtp_reply reply) {
  if (reply.code == 421) ready_ = false;
  outcome_.reply = std::move(reply);
  end();
}

void smtp_session::unfit(std::string why) {
  outcome_.unfit = std::move(why);
  end();
}

void smtp_session::finish(smtp_reply last) {
  ready_ = true;
  outcome_.stage = smtp_stage::done;
  outcome_.reply = std::move(last);
  end();
}

void smtp_session::end() {
  auto then = std::exchange(then_, nullptr);
  if (then) then(std::move(outcome_));
}

}  // namespace waybill::email
