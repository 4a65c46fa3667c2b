// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "core/security/digest.hpp"
#include "tests/api/fake_samples.hpp"
#include "tests/api/fake_service.hpp"
#include "tests/api/fake_service_reply.hpp"

namespace waybill::tests {

using namespace core;

/// An upload into memory that answers as the service does: from wherever it answers from.
class fake_service::fake_upload final : public payload_upload {
  enum class ending { none = 1, finished, dropped };

public:
  explicit fake_upload(fake_service& to) : to_(to) {}
  ~fake_upload() override {
    std::lock_guard lock{to_.mutex_};
    if (*ended_ == ending::finished) return;
    *ended_ = ending::dropped;
    ++to_.uploads_dropped;
  }
  fake_upload(const fake_upload&) = delete;
  fake_upload& operator=(const fake_upload&) = delete;

  void append(std::string bytes, std::function<void(result<void>)> done) override {
    std::optional<error> failure;
    {
      std::lock_guard lock{to_.mutex_};
      failure = to_.append_failure;
      if (!failure) to_.uploaded += bytes;
    }
    content_ += bytes;
    to_.later([done = std::move(done), failure] { failure ? done(fail(*failure)) : done({}); });
  }
  void finish(std::optional<sha256_digest> expected, std::function<void(result<payload>)> done) override {
    payload kept;
    kept.id = fake_service::known_payload;
    kept.size = content_.size();
    kept.sha256 = sha256(content_);
    if (expected && *expected != kept.sha256)
      return to_.later([done = std::move(done)] {
        done(fail({error_code::validation_error, "another digest", {{"Content-Digest", "sha-256", "it is not that"}}, {}}));
      });
    to_.later([&to = to_, ended = ended_, done = std::move(done), kept] {
      {
        std::lock_guard lock{to.mutex_};
        // Whoever drops it before this is answered has given it up.
        if (*ended == ending::dropped) return done(fail(error_code::conflict, "the upload was given up"));
        *ended = ending::finished;
        ++to.uploads_finished;
      }
      done(kept);
    });
  }

private:
  fake_service& to_;
  std::string content_;
  std::shared_ptr<ending> ended_ = std::make_shared<ending>(ending::none);
};

void fake_service::begin_upload(const caller& who, upload_request said, reply<std::shared_ptr<payload_upload>> reply) {
  note("begin_upload", who, [&] { upload = std::move(said); });
  std::optional<error> failure;
  {
    std::lock_guard lock{mutex_};
    failure = std::exchange(failure_, std::nullopt);
  }
  later([this, reply = std::move(reply), failure] {
    if (failure) return reply(fail(*failure));
    reply(std::make_shared<fake_upload>(*this));
  });
}

void fake_service::read_payload(const caller& who, const delivery_ptr&, std::uint64_t offset,
                                reply<std::shared_ptr<const std::string>> reply) {
  note("read_payload", who);
  const auto from = static_cast<std::size_t>(offset / payload_chunk_bytes * payload_chunk_bytes);
  auto piece = std::make_shared<const std::string>(stored_payload.substr(from, payload_chunk_bytes));
  give(std::move(reply), result<std::shared_ptr<const std::string>>{std::move(piece)});
}

}  // namespace waybill::tests
