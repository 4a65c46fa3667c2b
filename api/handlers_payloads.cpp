// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <utility>

#include "api/content_digest.hpp"
#include "api/content_disposition.hpp"
#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/json_text.hpp"
#include "api/malformed.hpp"
#include "api/media_type.hpp"
#include "api/path_ids.hpp"
#include "core/model/payload.hpp"
#include "core/security/digest.hpp"

namespace waybill::api {

namespace {

constexpr std::size_t max_media_type_bytes = 255;
/// Pieces on their way into the store while the next one is read.
constexpr std::size_t pieces_ahead = 2;
/// What is written at a time: a client must take this much within RESTinio's time limit for a write.
constexpr std::size_t write_bytes = 131'072;

std::string_view digest_bytes(const core::sha256_digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string digest_field(const core::sha256_digest& digest) {
  return "sha-256=:" + core::to_base64(digest_bytes(digest)) + ":";  // RFC 9530
}

http_response created(const core::payload& stored) {
  auto response = json_response(201, to_text({{"payloadId", stored.id.to_string()},
                                              {"size", stored.size},
                                              {"sha256", core::to_hex(stored.sha256.data(), stored.sha256.size())},
                                              {"contentType", stored.content_type},
                                              {"expiresAt", time_or_null(stored.expires_at)}}));
  response.add_header("Repr-Digest", digest_field(stored.sha256));
  return response;
}

core::result<std::optional<core::sha256_digest>> expected_digest(const request_headers& headers) {
  auto content = parse_digest_field("Content-Digest", headers.content_digest);
  if (!content) return content;
  auto representation = parse_digest_field("Repr-Digest", headers.repr_digest);
  if (!representation) return representation;
  if (*content && *representation && **content != **representation)
    return core::fail(invalid_fields({{"Repr-Digest", "consistent", "differs from Content-Digest: the body is not encoded"}}));
  return *content ? content : representation;
}

/// Carries the body of one request into an upload, a few pieces ahead of what is stored. Kept by the replies it waits for and
/// by the request for the next piece; when the client goes, so do these, and the upload is given up.
class upload_feed : public std::enable_shared_from_this<upload_feed> {
public:
  upload_feed(std::shared_ptr<core::payload_upload> to, std::optional<core::sha256_digest> expected)
      : to_(std::move(to)), expected_(expected) {}

  void go_on(exchange& x) {
    if (is_reading_ || has_all_ || storing_ >= pieces_ahead) return;
    is_reading_ = true;
    x.read_body([self = shared_from_this(), &x](body_piece piece) { self->take(x, std::move(piece)); });
  }

private:
  void take(exchange& x, body_piece piece) {
    is_reading_ = false;
    has_all_ = piece.last;
    if (!piece.bytes.empty()) {
      ++storing_;
      to_->append(std::move(piece.bytes), x.on_reply<void>([self = shared_from_this()](exchange& y, core::result<void> stored) {
        self->stored(y, stored);
      }));
    }
    if (x.answered()) return;
    finish_if_done(x);
    go_on(x);
  }

  void stored(exchange& x, const core::result<void>& one) {
    --storing_;
    if (!one) return x.answer(one.error());
    finish_if_done(x);
    go_on(x);
  }

  void finish_if_done(exchange& x) {
    if (!has_all_ || storing_ > 0 || std::exchange(is_finishing_, true)) return;
    // Kept until it has answered: dropped before, it would be given up.
    to_->finish(expected_, x.respond<core::payload>([self = shared_from_this()](exchange&, const core::payload& stored) {
      return created(stored);
    }));
  }

  std::shared_ptr<core::payload_upload> to_;
  std::optional<core::sha256_digest> expected_;
  std::size_t storing_ = 0;
  bool is_reading_ = false;
  bool has_all_ = false;
  bool is_finishing_ = false;
};

http_response head_of(const core::delivery& stored) {
  http_response response;
  response.content_type = {};
  response.add_header("Content-Type", stored.content_type);
  // To be saved, never shown or run: the producer chose the type, and this origin is not the producer's.
  response.add_header("Content-Disposition", attachment_named(stored.filename));
  response.add_header("Repr-Digest", digest_field(stored.sha256));
  return response;
}

/// Writes a payload to a client that may be slow: the next piece is fetched when the one before has been taken.
class payload_sender : public std::enable_shared_from_this<payload_sender> {
public:
  payload_sender(std::shared_ptr<exchange> x, core::delivery_ptr what) : exchange_(std::move(x)), what_(std::move(what)) {}

  void fetch() {
    exchange_->service().read_payload(exchange_->caller, what_, at_,
                                      exchange_->on_late_reply<std::shared_ptr<const std::string>>(
                                          [self = shared_from_this()](core::result<std::shared_ptr<const std::string>> piece) {
                                            self->fetched(std::move(piece));
                                          }));
  }

private:
  void fetched(core::result<std::shared_ptr<const std::string>> piece) {
    if (!stream_ && exchange_->answered()) return;  // it took too long
    // Once the head is out an error can only end the connection, which dropping the stream does.
    if (!piece) return stream_ ? void() : exchange_->answer(piece.error());
    if (!stream_) stream_ = exchange_->begin_answer(head_of(*what_), what_->payload_size);
    write(std::move(*piece), 0);
  }

  void write(std::shared_ptr<const std::string> piece, std::size_t from) {
    const auto size = std::min(write_bytes, piece->size() - from);
    at_ += size;
    const bool last = at_ >= what_->payload_size;
    stream_->write(piece, from, size, last, [self = shared_from_this(), piece, next = from + size, last](bool good) {
      if (!good || last) return;
      if (next < piece->size()) return self->write(piece, next);
      self->fetch();
    });
  }

  std::shared_ptr<exchange> exchange_;
  core::delivery_ptr what_;
  std::shared_ptr<answer_stream> stream_;
  std::uint64_t at_ = 0;
};

}  // namespace

void create_payload(exchange& x) {
  core::upload_request request;
  request.content_type = x.request.headers.content_type;
  if (request.content_type.empty()) request.content_type = "application/octet-stream";
  if (request.content_type.size() > max_media_type_bytes || !is_media_type(request.content_type))
    return x.answer(invalid_fields({{"Content-Type", "format", "a media type such as text/csv is expected"}}));
  auto expected = expected_digest(x.request.headers);
  if (!expected) return x.answer(expected.error());
  request.size = x.request.body_length;
  x.service().begin_upload(x.caller, std::move(request),
                           x.on_reply<std::shared_ptr<core::payload_upload>>(
                               [digest = *expected](exchange& y, core::result<std::shared_ptr<core::payload_upload>> begun) {
                                 if (!begun) return y.answer(begun.error());
                                 std::make_shared<upload_feed>(*std::move(begun), digest)->go_on(y);
                               }));
}

void get_payload(exchange& x) {
  const auto id = delivery_in_path(x);
  if (!id) return;
  x.service().get_payload(x.caller, *id,
                          x.on_reply<core::delivery_ptr>([](exchange& y, core::result<core::delivery_ptr> stored) {
                            if (!stored) return y.answer(stored.error());
                            const auto& content = **stored;
                            if (!content.in_memory() && content.payload_size > 0 && y.request.method != http_method::head)
                              return std::make_shared<payload_sender>(y.shared_from_this(), *stored)->fetch();
                            auto response = head_of(content);
                            response.body = content.content;
                            response.announced_size = content.content_size();
                            y.answer(std::move(response));
                          }));
}

}  // namespace waybill::api
