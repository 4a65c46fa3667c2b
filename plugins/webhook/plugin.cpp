// SPDX-License-Identifier: Apache-2.0
#include <waybill/handler.hpp>

#include "webhook_handler.hpp"

WAYBILL_PLUGIN(waybill::webhook::webhook_handler);
