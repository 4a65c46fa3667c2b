// SPDX-License-Identifier: Apache-2.0
// node azurite.cjs CERT KEY CLIENT_PUBLIC_KEY   Azurite with its account `acct1`, an identity service for it, and what a test
// looks at; prints the port it listens on (HTTP). All but /_/ and the tokens goes to Azurite as it came.
//   /acct1/…                              Azurite
//   POST /TENANT/oauth2/v2.0/token        a token for client `principal`, by the secret `s3cret/+` or an assertion signed by the key
//   GET  /metadata/identity/oauth2/token  a machine's token
//   GET  /_/direct                        Azurite's own URL (HTTPS)
//   POST /_/container?name                makes one
//   GET  /_/object?container&name         what Microsoft's client reads: {sha256, size, contentType, metadata, tags, tier}
//   GET  /_/names?container               all names, with those of which only blocks are there
//   POST /_/object?container&name         stores the body, as somebody else would
//   GET  /_/sas?container&permissions&for a shared access signature, good for so many seconds
//   POST /_/cut?after=N                   lets N blocks through and cuts the connections of later ones; without `after`: no more
//   POST /_/revoke                        the tokens so far are not taken any more
//   GET  /_/counts                        {blocks, tokens} so far
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const https = require('https');
const jwt = require('jsonwebtoken');

// Node 18, which is Debian 12's, has it as a module only; the packages take it as a global.
globalThis.crypto ??= crypto.webcrypto;

const [cert, key, clientKey] = process.argv.slice(2);
const account = 'acct1';
const accountKey = Buffer.from('key-of-acct1-0123456789abcdef0123').toString('base64');
const issuer = 'https://sts.windows.net/11111111-2222-3333-4444-555555555555/';
const counts = { blocks: 0, tokens: 0 };
let cutAfter = Infinity;
let oldest = 0; // tokens before this one are not taken

process.env.AZURITE_ACCOUNTS = `${account}:${accountKey}`;
process.argv = [process.argv[0], 'azurite-blob', '--blobHost', '127.0.0.1', '--blobPort', '0', '--inMemoryPersistence', '--disableTelemetry',
  '--silent', '--cert', cert, '--key', key, '--oauth', 'basic'];
const own = new Promise((resolve) => {
  const log = console.log;
  console.log = (line, ...more) => {
    const url = /successfully listens on (https:\S+)/.exec(line);
    if (url) resolve(url[1]);
    else if (!/^Azurite/.test(line)) log(line, ...more);
  };
});
require('azurite/dist/src/blob/main.js');
const { BlobServiceClient, StorageSharedKeyCredential, generateBlobSASQueryParameters, ContainerSASPermissions, SASProtocol } = require('@azure/storage-blob');
const credential = new StorageSharedKeyCredential(account, accountKey);

const json = (response, status, value) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
const read = async (stream) => { const pieces = []; for await (const piece of stream) pieces.push(piece); return Buffer.concat(pieces); };

function proves(form) {
  if (form.get('client_id') !== 'principal' || form.get('scope') !== 'https://storage.azure.com/.default') return false;
  if (form.get('client_secret') === 's3cret/+') return true;
  try {
    const { header, payload } = jwt.verify(form.get('client_assertion'), fs.readFileSync(clientKey), { algorithms: ['RS256'], complete: true });
    return payload.iss === 'principal' && payload.sub === 'principal' && /\/oauth2\/v2.0\/token$/.test(payload.aud) && Boolean(header.x5t && payload.jti);
  } catch (e) { return false; }
}

function token(asText) {
  counts.tokens += 1;
  const made = jwt.sign({ aud: 'https://storage.azure.com', iss: issuer, n: counts.tokens }, 'signed-by-nobody', { expiresIn: 3600, notBefore: -10 });
  return { access_token: made, token_type: 'Bearer', expires_in: asText ? '3600' : 3600 };
}

const routes = {
  'GET /_/direct': async (q, request, response) => json(response, 200, `${await own}/${account}`),
  'POST /_/container': async (q, request, response, client) => { await client.createContainer(q.get('name')); json(response, 200, {}); },
  'GET /_/object': async (q, request, response, client) => {
    const blob = client.getContainerClient(q.get('container')).getBlobClient(q.get('name'));
    const got = await blob.download();
    const bytes = await read(got.readableStreamBody);
    const { tags } = await blob.getTags();
    const { accessTier } = await blob.getProperties();
    json(response, 200, { sha256: crypto.createHash('sha256').update(bytes).digest('hex'), size: bytes.length, contentType: got.contentType, metadata: got.metadata, tags, tier: accessTier });
  },
  'GET /_/names': async (q, request, response, client) => {
    const names = [];
    for await (const blob of client.getContainerClient(q.get('container')).listBlobsFlat({ includeUncommitedBlobs: true })) names.push(blob.name);
    json(response, 200, names);
  },
  'POST /_/object': async (q, request, response, client) => {
    const bytes = await read(request);
    await client.getContainerClient(q.get('container')).getBlockBlobClient(q.get('name')).upload(bytes, bytes.length);
    json(response, 200, {});
  },
  'GET /_/sas': async (q, request, response) => {
    const permissions = ContainerSASPermissions.parse(q.get('permissions'));
    const now = Date.now();
    json(response, 200, generateBlobSASQueryParameters({ containerName: q.get('container'), permissions, protocol: SASProtocol.HttpsAndHttp,
      startsOn: new Date(now - 600e3), expiresOn: new Date(now + 1000 * q.get('for')) }, credential).toString());
  },
  'POST /_/cut': async (q, request, response) => { cutAfter = q.has('after') ? counts.blocks + Number(q.get('after')) : Infinity; json(response, 200, {}); },
  'POST /_/revoke': async (q, request, response) => { oldest = counts.tokens; json(response, 200, {}); },
  'GET /_/counts': async (q, request, response) => json(response, 200, counts),
  'GET /metadata/identity/oauth2/token': async (q, request, response) => {
    const good = request.headers.metadata === 'true' && q.get('resource') === 'https://storage.azure.com/' && q.get('api-version') === '2018-02-01';
    json(response, good ? 200 : 400, good ? token(true) : { error: 'invalid_request' });
  },
};

async function identity(request, response) {
  const good = proves(new URLSearchParams((await read(request)).toString()));
  json(response, good ? 200 : 401, good ? token(false) : { error: 'invalid_client', error_description: 'AADSTS7000215' });
}

function revoked(request) {
  const bearer = /^Bearer (.*)$/.exec(request.headers.authorization || '');
  const claims = bearer && jwt.decode(bearer[1]);
  return claims && claims.n <= oldest;
}

async function pass(request, response) {
  if (/[?&]comp=block(&|$)/.test(request.url) && request.method === 'PUT') {
    if (counts.blocks >= cutAfter) return request.socket.destroy();
    counts.blocks += 1;
  }
  if (revoked(request)) {
    request.resume();
    return response.writeHead(401, { 'x-ms-error-code': 'InvalidAuthenticationInfo' }).end();
  }
  const to = new URL(await own);
  const onward = https.request({ host: to.hostname, port: to.port, path: request.url, method: request.method, headers: request.headers, rejectUnauthorized: false, agent });
  onward.on('response', (answer) => { response.writeHead(answer.statusCode, answer.headers); answer.pipe(response); });
  onward.on('error', () => request.socket.destroy());
  request.on('close', () => { if (!request.complete) onward.destroy(); });
  request.pipe(onward);
}

const agent = new https.Agent({ keepAlive: true });
const server = http.createServer(async (request, response) => {
  const [path, query] = request.url.split('?', 2);
  const route = routes[`${request.method} ${path}`];
  try {
    if (route) await route(new URLSearchParams(query), request, response, BlobServiceClient.fromConnectionString(
      `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};BlobEndpoint=http://127.0.0.1:${server.address().port}/${account};`));
    else if (path.endsWith('/oauth2/v2.0/token')) await identity(request, response);
    else await pass(request, response);
  } catch (e) { json(response, e.statusCode || 500, { message: e.message }); }
});
server.keepAliveTimeout = 60000;
process.on('SIGTERM', () => process.exit(0));
own.then(() => server.listen(0, '127.0.0.1', () => process.stdout.write(`listening on ${server.address().port}\n`)));
