// SPDX-License-Identifier: Apache-2.0
// node receiver.cjs   prints the port it listens on.
//   POST /token   an OAuth 2.0 token endpoint for client `id 1` and secret `s/ecret`: tokens token-1, token-2, …
//   POST /guarded 204 to the newest token, 401 to any other
//   POST /what    200 and, as JSON, what was sent: method, headers, body (after gunzip) and its SHA-256
//   GET  /tokens  how many tokens have been given out
//   POST /batch/N 413 to an array of more than N elements; else 200 and {"results": …} with an entry for every element whose
//                 data has a `status`, which it gets
//   POST /batches what /batch/N was sent: [{status, headers, body}], and forgets it
//   POST /forget  the newest token is not taken any more
const http = require('http');
const zlib = require('zlib');
const crypto = require('crypto');

let given = 0;
let forgotten = 0;
let lifetime = 3600;

let batches = [];

const client = 'Basic ' + Buffer.from('id+1:s%2Fecret').toString('base64');
const json = (response, status, value) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));

const routes = {
  '/token': (request, response, body) => {
    const form = new URLSearchParams(body.toString());
    const known = request.headers.authorization === client || (form.get('client_id') === 'id 1' && form.get('client_secret') === 's/ecret');
    if (!known) return json(response, 401, { error: 'invalid_client' });
    if (form.get('grant_type') !== 'client_credentials') return json(response, 400, { error: 'unsupported_grant_type' });
    given += 1;
    // Slowly, so that those who come together wait together.
    setTimeout(() => json(response, 200, { access_token: `token-${given}`, token_type: 'Bearer', expires_in: lifetime, scope: form.get('scope') }), 50);
  },
  '/guarded': (request, response) => {
    const good = request.headers.authorization === `Bearer token-${given}` && given > forgotten;
    response.writeHead(good ? 204 : 401).end(good ? '' : `no: ${request.headers.authorization}`);
  },
  '/what': (request, response, body) => {
    const plain = request.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(body) : body;
    json(response, 200, {
      method: request.method, headers: request.headers, sent: body.length, size: plain.length,
      sha256: crypto.createHash('sha256').update(plain).digest('hex'), body: plain.length < 20000 ? plain.toString() : undefined,
    });
  },
  '/batch': (request, response, body) => {
    const elements = JSON.parse(body);
    const status = elements.length > Number(request.url.split('/')[2]) ? 413 : 200;
    batches.push({ status, headers: request.headers, body: elements });
    const results = elements.filter((e) => e.data.status).map((e) => ({ id: e.id, status: e.data.status, retryAfterMs: e.data.wait }));
    json(response, status, { results });
  },
  '/batches': (request, response) => {
    json(response, 200, batches);
    batches = [];
  },
  '/tokens': (request, response) => json(response, 200, { given }),
  '/forget': (request, response) => { forgotten = given; response.writeHead(204).end(); },
  '/short': (request, response) => { lifetime = 1; response.writeHead(204).end(); },
};

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => (routes[request.url.replace(/^\/batch\/.*/, '/batch')] || ((q, s) => s.writeHead(404).end()))(request, response, Buffer.concat(pieces)));
});
server.keepAliveTimeout = 30000;
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
