// SPDX-License-Identifier: Apache-2.0
// In place of applicationinsights, 280 MB that Azurite only needs to report its use: it is started with --disableTelemetry.
module.exports = {};
