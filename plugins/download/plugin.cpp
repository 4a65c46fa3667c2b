// SPDX-License-Identifier: Apache-2.0
#include <waybill/handler.hpp>

#include "download_handler.hpp"

WAYBILL_PLUGIN(waybill::download::download_handler);
