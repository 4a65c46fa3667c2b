// SPDX-License-Identifier: Apache-2.0
// In place of what firebase-tools brings along for its other commands and the storage emulator never loads.
module.exports = {};
