// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <waybill/handler.hpp>

#include "attempt.hpp"
#include "batch_answer.hpp"

namespace waybill::webhook {

/// One call of a batch, kept until it is answered.
struct batch_part {
  sdk::retained_delivery what;
  sdk::completion done;
};
using batch_parts = std::vector<batch_part>;

/// One request for several deliveries: a JSON array of their envelopes. A receiver that finds it too large (413) gets it in
/// halves, one after the other under the same deadline, down to single elements. Parts that stream ride alone; with raw
/// bodies, which cannot be joined, each delivery is a request of its own.
class batch_attempt final : public attempt {
public:
  static void deliver(std::shared_ptr<target> to, std::vector<sdk::batch_item> items);

  batch_attempt(std::shared_ptr<target> to, std::uint64_t request, batch_parts parts, std::deque<batch_parts> later);
  ~batch_attempt() override;

protected:
  void complete(const sdk::result& r) override;
  void give_up(const char* why) noexcept override;
  void end(const transfer::outcome& what) override;

private:
  static void start(std::shared_ptr<target> to, batch_parts parts);
  static void send(std::unique_ptr<batch_attempt> self, signer& signatures);
  void prepare_headers(std::int64_t now_ms);
  void split();
  void go_on();
  void drop_canceled();
  void answer(batch_part& part, const sdk::result& r);
  [[nodiscard]] sdk::result result_for(std::size_t index, const sdk::result& all, const item_answer* own,
                                       const transfer::outcome& what) const;

  std::uint64_t request_;
  batch_parts parts_;              ///< of this request
  std::deque<batch_parts> later_;  ///< requests of the same batch that come after it
  std::string batch_id_;
};

}  // namespace waybill::webhook
