// SPDX-License-Identifier: Apache-2.0
#include "core/payload/payload_intake.hpp"

#include <utility>

#include "core/payload/stored_upload.hpp"

namespace waybill::core {
namespace {

constexpr milliseconds pause_when_full{2'000};

}  // namespace

payload_intake::payload_intake(store_writer& writer, const clock& time, options settings)
    : shared_(std::make_shared<shared>(writer, time, settings)) {}

payload_intake::~payload_intake() { stop(); }

std::size_t payload_intake::under_way() const { return shared_->under_way.load(); }

void payload_intake::stop() {
  if (shared_->stopped.exchange(true)) return;
  shared_->thread.stop();
}

void payload_intake::begin(organization_id org, std::string content_type, std::optional<std::uint64_t> announced, begun done) {
  /// What the receiver holds. Its end is the end of the upload; the parts under way keep the upload itself.
  class held_upload final : public payload_upload {
  public:
    held_upload(std::shared_ptr<upload> what, std::shared_ptr<shared> with) : what_(std::move(what)), with_(std::move(with)) {}
    ~held_upload() override {
      what_->dropped();
      with_->under_way.fetch_sub(1);
    }
    held_upload(const held_upload&) = delete;
    held_upload& operator=(const held_upload&) = delete;
    void append(std::string bytes, std::function<void(result<void>)> stored) override {
      what_->append(std::move(bytes), std::move(stored));
    }
    void finish(std::optional<sha256_digest> expected, std::function<void(result<payload>)> stored) override {
      what_->finish(expected, std::move(stored));
    }

  private:
    std::shared_ptr<upload> what_;
    std::shared_ptr<shared> with_;
  };

  const auto& settings = shared_->settings;
  if (shared_->stopped.load()) return done(core::fail(error_code::shutting_down, "the node is stopping"));
  if (announced && *announced > settings.most_bytes)
    return done(core::fail(error_code::payload_too_large,
                           "the payload is larger than " + std::to_string(settings.most_bytes) + " bytes"));
  if (shared_->under_way.fetch_add(1) >= settings.most_at_once) {
    shared_->under_way.fetch_sub(1);
    return done(core::fail({error_code::rate_limit_exceeded, "too many uploads are under way", {}, pause_when_full}));
  }
  payload arriving;
  arriving.id = payload_id::make();
  arriving.organization = org;
  arriving.content_type = std::move(content_type);
  arriving.created_at = shared_->time.now();
  auto one = std::make_shared<upload>(shared_, arriving);
  shared_->writer.run(
      [arriving, with = shared_, announced](write_session& session) -> result<void> {
        const auto quota = with->settings.organization_bytes;
        if (quota > 0 && announced) {
          const auto held = session.payload_bytes(arriving.organization);
          if (!held) return core::fail(held.error());
          if (*held + *announced > quota)
            return core::fail(error_code::payload_too_large,
                              "the organization's payloads would hold more than " + std::to_string(quota) + " bytes");
        }
        return session.begin_payload(arriving, with->lease_end());
      },
      [one = std::move(one), with = shared_, done = std::move(done)](const result<void>& stored) mutable {
        std::shared_ptr<payload_upload> held = std::make_shared<held_upload>(std::move(one), std::move(with));
        if (!stored) return done(core::fail(stored.error()));
        done(std::move(held));
      });
}

}  // namespace waybill::core
