// SPDX-License-Identifier: Apache-2.0
// node receiver.cjs PORT   (WEBHOOK_SECRET=whsec_…)
// Answers 204 to what the official Standard Webhooks library verifies, 401 with its reason to the rest.
const http = require('http');
const { Webhook } = require('standardwebhooks');

const verifier = new Webhook(process.env.WEBHOOK_SECRET);

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    try {
      verifier.verify(Buffer.concat(pieces), request.headers);
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(401).end(`${error.constructor.name}: ${error.message}`);
    }
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
