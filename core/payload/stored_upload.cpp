// SPDX-License-Identifier: Apache-2.0
#include "core/payload/stored_upload.hpp"

#include <utility>

#include "core/security/digest.hpp"

namespace waybill::core {
namespace {

error shutting_down() { return {error_code::shutting_down, "the node is stopping", {}, std::nullopt}; }

error not_json(std::uint64_t position) {
  return {error_code::validation_error,
          "the content is not JSON",
          {{"Content-Type", "json", "the content is not the JSON its type says from byte " + std::to_string(position) + " on"}},
          std::nullopt};
}

/// Several jobs, one answer: the last to end gives it, an error before success.
class joined_answer {
public:
  joined_answer(std::size_t parts, std::function<void(result<void>)> done) : left_(parts), done_(std::move(done)) {}
  /// Called on the writer's thread only, or before anything was handed to it.
  void part(const result<void>& one) {
    if (!one && outcome_) outcome_ = fail(one.error());
    if (--left_ == 0) done_(std::move(outcome_));
  }

private:
  std::size_t left_;
  std::function<void(result<void>)> done_;
  result<void> outcome_;
};

}  // namespace

payload_intake::upload::upload(std::shared_ptr<shared> with, payload arriving)
    : shared_(std::move(with)), arriving_(std::move(arriving)), is_json_(is_json_media_type(arriving_.content_type)) {}

template <class Work, class Refuse>
void payload_intake::upload::on_thread(Work work, Refuse refuse) {
  if (shared_->stopped.load() ||
      !shared_->thread.post([self = shared_from_this(), work = std::move(work)]() mutable { work(*self); }))
    refuse();
}

void payload_intake::upload::append(std::string bytes, answer done) {
  on_thread(
      [bytes = std::move(bytes), done](upload& self) mutable {
        if (const auto before = self.failure()) return done(core::fail(*before));
        if (auto taken = self.take(bytes); !taken) {
          self.keep_failure(taken.error());
          return done(core::fail(taken.error()));
        }
        self.store(std::move(bytes), std::move(done));
      },
      [done] { done(core::fail(shutting_down())); });
}

/// Everything of the bytes but their storing.
result<void> payload_intake::upload::take(std::string_view bytes) {
  arriving_.size += bytes.size();
  if (arriving_.size > shared_->settings.most_bytes)
    return core::fail(error_code::payload_too_large,
                      "the payload is larger than " + std::to_string(shared_->settings.most_bytes) + " bytes");
  digest_.add(bytes);
  if (is_json_ && !json_.add(bytes)) return core::fail(not_json(json_.position()));
  return {};
}

void payload_intake::upload::store(std::string bytes, answer done) {
  if (gathered_.empty() && bytes.size() == payload_chunk_bytes) return store_chunk(std::move(bytes), std::move(done));
  gathered_.append(bytes);
  bytes = {};
  const auto whole = gathered_.size() / payload_chunk_bytes;
  if (whole == 0) return done({});
  auto joined = std::make_shared<joined_answer>(whole, std::move(done));
  for (std::size_t i = 0; i < whole; ++i)
    store_chunk(gathered_.substr(i * payload_chunk_bytes, payload_chunk_bytes),
                [joined](const result<void>& one) { joined->part(one); });
  gathered_.erase(0, whole * payload_chunk_bytes);
}

void payload_intake::upload::store_chunk(std::string&& content, answer done) {
  auto chunk = packer_.pack(next_chunk_++, std::move(content));
  shared_->writer.run_bulk([with = shared_, id = arriving_.id, chunk = std::move(chunk)](
                               write_session& session) { return session.append_chunk(id, chunk, with->lease_end()); },
                           [self = shared_from_this(), done = std::move(done)](result<void> stored) {
                             if (!stored) self->keep_failure(stored.error());
                             done(std::move(stored));
                           });
}

void payload_intake::upload::finish(std::optional<sha256_digest> expected, std::function<void(result<payload>)> done) {
  on_thread(
      [expected, done](upload& self) mutable {
        if (const auto before = self.failure()) return done(core::fail(*before));
        if (auto good = self.check_end(expected); !good) {
          self.keep_failure(good.error());
          return done(core::fail(good.error()));
        }
        self.store_last(std::move(done));
      },
      [done] { done(core::fail(shutting_down())); });
}

result<void> payload_intake::upload::check_end(const std::optional<sha256_digest>& expected) {
  arriving_.sha256 = digest_.finish();
  if (is_json_ && !json_.finish()) return core::fail(not_json(json_.position()));
  if (expected && *expected != arriving_.sha256)
    return core::fail({error_code::validation_error,
                       "the digest is not the content's",
                       {{"Content-Digest", "sha-256",
                         "what arrived has the SHA-256 " + to_hex(arriving_.sha256.data(), arriving_.sha256.size())}},
                       std::nullopt});
  return {};
}

void payload_intake::upload::keep_failure(const error& why) {
  const std::lock_guard hold{lock_};
  if (!failure_) failure_ = why;
}

std::optional<error> payload_intake::upload::failure() const {
  const std::lock_guard hold{lock_};
  return failure_;
}

/// The rest and the end in one job: a payload is whole or not there.
void payload_intake::upload::store_last(std::function<void(result<payload>)> done) {
  auto kept = std::make_shared<payload>(arriving_);
  std::optional<payload_chunk> last;
  if (!gathered_.empty()) last = packer_.pack(next_chunk_++, std::move(gathered_));
  shared_->writer.run_bulk(
      [with = shared_, kept, last = std::move(last)](write_session& session) -> result<void> {
        if (last)
          if (auto stored = session.append_chunk(kept->id, *last, with->lease_end()); !stored) return stored;
        auto stored = session.finish_payload(*kept, with->time.now() + with->settings.keep_unused);
        if (!stored) return core::fail(stored.error());
        *kept = *std::move(stored);
        const auto quota = with->settings.organization_bytes;
        if (quota == 0) return {};
        const auto held = session.payload_bytes(kept->organization);
        if (!held) return core::fail(held.error());
        if (*held > quota)
          return core::fail(error_code::payload_too_large,
                            "the organization's payloads would hold more than " + std::to_string(quota) + " bytes");
        return {};
      },
      [self = shared_from_this(), kept, done = std::move(done)](const result<void>& stored) {
        if (!stored) {
          self->keep_failure(stored.error());
          return done(core::fail(stored.error()));
        }
        self->finished_ = true;
        done(std::move(*kept));
      });
}

void payload_intake::upload::dropped() {
  if (finished_) return;
  keep_failure({error_code::conflict, "the upload was given up", {}, std::nullopt});
  // When even this fails the lease runs out.
  shared_->writer.run_bulk([id = arriving_.id](write_session& session) { return session.abort_payload(id); }, {});
}

}  // namespace waybill::core
