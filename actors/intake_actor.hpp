// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a request to deliver becomes a delivery: destinations are resolved and proved to be the caller's, ids and hashes are
// made, limits are checked, and the new delivery goes to the store writer. The caller is answered from the writer's thread,
// after the commit.
//
//   in       from      what it brings about
//   submit   service   an accept handed to the store writer, or the reply with what is wrong

#include <memory>

#include "actors/caf_compat.hpp"
#include "actors/engine_context.hpp"
#include "actors/messages.hpp"

namespace waybill::actors {

class intake_state {
public:
  static inline const char* name = "intake";

  caf::behavior start(caf::event_based_actor* self, engine_context& context);

private:
  void on_submit(const submit& m);
  [[nodiscard]] core::result<void> check(const submission& s) const;
  [[nodiscard]] core::result<void> admit(const submission& s) const;
  [[nodiscard]] core::new_delivery make_delivery(submission& s) const;

  engine_context* context_ = nullptr;
};

[[nodiscard]] caf::behavior intake_actor(caf::stateful_actor<intake_state>* self, engine_context* context);

}  // namespace waybill::actors
