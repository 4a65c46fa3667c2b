// SPDX-License-Identifier: Apache-2.0
// node gcs.cjs PUBLIC_KEY.pem   Cloud Storage's JSON API with the storage emulator of firebase-tools behind it; prints the port it
// listens on. What that emulator does not do stands before it: tokens (assertions verified by `jose`), buckets that do not
// exist, uploads that go on after an interruption, checksums and generations as conditions.
//   POST /token                       RFC 7523, for sa@p.iam.gserviceaccount.com
//   GET  /computeMetadata/v1/…/token  a machine's token
//   POST /_/bucket?name               makes one
//   GET  /_/object?bucket&name        {sha256, size, contentType, metadata, storageClass, generation}
//   GET  /_/names?bucket              all names
//   POST /_/object?bucket&name        stores the body, as somebody else would
//   POST /_/cut?after=N               cuts the connection of an upload's body after N bytes, once
//   POST /_/corrupt                   changes a byte of the next body
//   POST /_/fail?status&reason        the next request for an object gets this answer
//   POST /_/revoke                    the tokens so far are not taken any more
//   GET  /_/counts                    {tokens, uploads: begun and neither ended nor given up, bytes: of upload bodies}
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
// Node 18, which is Debian 12's, has it as a module only; the packages take it as a global.
globalThis.crypto ??= crypto.webcrypto;
const express = require('express');
const { StorageEmulator } = require('firebase-tools/lib/emulator/storage/index.js');
const { createCloudEndpoints } = require('firebase-tools/lib/emulator/storage/apis/gcloud.js');
const { EmulatorRegistry } = require('firebase-tools/lib/emulator/registry.js');

const publicKey = crypto.createPublicKey(fs.readFileSync(process.argv[2]));
const tokens = new Map();
const buckets = new Set();
const uploads = new Map();
const counts = { tokens: 0, bytes: 0 };
let cutAfter = null;
let corrupts = false;
let failure = null;
let inner; // the emulator's port

const json = (response, status, value, headers) => response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
const refuse = (response, code, reason, message) => json(response, code, { error: { code, message, errors: [{ reason, message, domain: 'global' }] } });
const read = async (stream) => { const pieces = []; for await (const piece of stream) pieces.push(piece); return Buffer.concat(pieces); };
const md5 = (bytes) => crypto.createHash('md5').update(bytes).digest('base64');

function give() {
  counts.tokens += 1;
  const token = `ya29.${crypto.randomBytes(12).toString('hex')}`;
  tokens.set(token, Date.now() + 3600e3);
  return { access_token: token, expires_in: 3600, token_type: 'Bearer' };
}

async function exchange(request, response) {
  const form = new URLSearchParams((await read(request)).toString());
  const { jwtVerify } = await import('jose');
  try {
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return json(response, 400, { error: 'unsupported_grant_type' });
    const { payload } = await jwtVerify(form.get('assertion'), publicKey, { algorithms: ['RS256'], audience: `http://127.0.0.1:${server.address().port}/token`, issuer: 'sa@p.iam.gserviceaccount.com', maxTokenAge: '1h' });
    if (!/devstorage/.test(payload.scope || '')) return json(response, 400, { error: 'invalid_scope' });
    return json(response, 200, give());
  } catch (e) { return json(response, 400, { error: 'invalid_grant', error_description: e.message }); }
}

const emulate = (method, path, headers, body) => fetch(`http://127.0.0.1:${inner}${path}`, { method, headers: { authorization: 'Bearer owner', ...headers }, body });
const media = async (bucket, name) => Buffer.from(await (await emulate('GET', `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`)).arrayBuffer());

async function store(response, bucket, resource, bytes) {
  if (resource.md5Hash && resource.md5Hash !== md5(bytes)) return refuse(response, 400, 'invalid', `Provided MD5 hash "${resource.md5Hash}" doesn't match calculated MD5 hash "${md5(bytes)}".`);
  const mark = crypto.randomBytes(16).toString('hex');
  const body = Buffer.concat([Buffer.from(`--${mark}\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(resource)}\r\n--${mark}\r\nContent-Type: ${resource.contentType}\r\n\r\n`), bytes, Buffer.from(`\r\n--${mark}--\r\n`)]);
  const answer = await emulate('POST', `/upload/storage/v1/b/${bucket}/o?uploadType=multipart`, { 'content-type': `multipart/related; boundary=${mark}` }, body);
  return json(response, answer.status, await answer.json());
}

/// {resource, bytes} of multipart/related.
function takenApart(type, body) {
  const mark = `--${/boundary=(.+)$/.exec(type)[1]}`;
  const parts = [];
  for (let at = body.indexOf(mark); at >= 0;) {
    const next = body.indexOf(`\r\n${mark}`, at + mark.length);
    if (next < 0) break;
    const begin = body.indexOf('\r\n\r\n', at) + 4;
    parts.push(body.subarray(begin, next));
    at = next + 2;
  }
  return { resource: JSON.parse(parts[0]), bytes: parts[1] };
}

/// The body of an upload, as far as it comes.
async function take(request, upload) {
  for await (const piece of request) {
    counts.bytes += piece.length;
    upload.pieces.push(piece);
    upload.size += piece.length;
    if (cutAfter !== null && upload.size >= cutAfter) {
      cutAfter = null;
      request.socket.destroy();
      return false;
    }
  }
  return true;
}

async function resume(request, response, id) {
  const upload = uploads.get(id);
  if (!upload) return response.writeHead(404).end('Not Found');
  if (request.method === 'DELETE') { uploads.delete(id); return response.writeHead(499).end(); }
  const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(request.headers['content-range'] || '');
  if (!range || Number(range[3]) !== upload.total) return response.writeHead(400).end('Invalid Content-Range');
  if (range[1] !== undefined && Number(range[1]) !== upload.size) return response.writeHead(400).end('Invalid offset');
  if (!(await take(request, upload))) return undefined;
  if (upload.size < upload.total) return response.writeHead(308, upload.size > 0 ? { Range: `bytes=0-${upload.size - 1}` } : {}).end();
  uploads.delete(id);
  const bytes = Buffer.concat(upload.pieces);
  if (corrupts) { bytes[0] ^= 1; corrupts = false; }
  return store(response, upload.bucket, upload.resource, bytes);
}

async function upload(request, response, q, bucket) {
  const body = await read(request);
  if (q.get('uploadType') === 'multipart') {
    const { resource, bytes } = takenApart(request.headers['content-type'], body);
    if (corrupts) { bytes[0] ^= 1; corrupts = false; }
    return store(response, bucket, resource, bytes);
  }
  const id = crypto.randomBytes(24).toString('base64url');
  uploads.set(id, { bucket, resource: JSON.parse(body), total: Number(request.headers['x-upload-content-length']), pieces: [], size: 0 });
  const url = `http://${request.headers.host}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${id}`;
  return response.writeHead(200, { Location: url, 'X-GUploader-UploadID': id }).end();
}

async function api(request, response, q, path) {
  const known = tokens.get((request.headers.authorization || '').replace(/^Bearer /, ''));
  const [, uploading, bucket, name] = /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/(.+))?$/.exec(path) || [];
  if (uploading && q.has('upload_id')) return resume(request, response, q.get('upload_id'));
  if (!(known > Date.now())) { request.resume(); return refuse(response, 401, 'authError', 'Invalid Credentials'); }
  if (failure) { const { status, reason } = failure; failure = null; request.resume(); return refuse(response, status, reason, 'as the test wanted'); }
  if (!bucket || !buckets.has(bucket)) { request.resume(); return refuse(response, 404, 'notFound', 'The specified bucket does not exist.'); }
  if (uploading) return upload(request, response, q, bucket);
  const wanted = q.get('ifGenerationMatch');
  if (name && wanted) {
    const there = await emulate('GET', `/storage/v1/b/${bucket}/o/${name}`);
    if (there.ok && (await there.json()).generation !== wanted) return refuse(response, 412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.');
  }
  const answer = await emulate(request.method, request.url, {}, undefined);
  return response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') || 'text/plain' }).end(Buffer.from(await answer.arrayBuffer()));
}

const routes = {
  'POST /token': (q, request, response) => exchange(request, response),
  'POST /_/bucket': (q, request, response) => { buckets.add(q.get('name')); json(response, 200, {}); },
  'GET /_/object': async (q, request, response) => {
    const answer = await emulate('GET', `/storage/v1/b/${q.get('bucket')}/o/${encodeURIComponent(q.get('name'))}`);
    if (!answer.ok) return json(response, answer.status, {});
    const bytes = await media(q.get('bucket'), q.get('name'));
    const { contentType, metadata, storageClass, generation } = await answer.json();
    return json(response, 200, { sha256: crypto.createHash('sha256').update(bytes).digest('hex'), size: bytes.length, contentType, metadata, storageClass, generation });
  },
  'GET /_/names': async (q, request, response) => json(response, 200, ((await (await emulate('GET', `/storage/v1/b/${q.get('bucket')}/o`)).json()).items || []).map((o) => o.name)),
  'POST /_/object': async (q, request, response) => store(response, q.get('bucket'), { name: q.get('name'), contentType: 'text/plain' }, await read(request)),
  'POST /_/cut': (q, request, response) => { cutAfter = Number(q.get('after')); json(response, 200, {}); },
  'POST /_/corrupt': (q, request, response) => { corrupts = true; json(response, 200, {}); },
  'POST /_/fail': (q, request, response) => { failure = { status: Number(q.get('status')), reason: q.get('reason') }; json(response, 200, {}); },
  'POST /_/revoke': (q, request, response) => { tokens.clear(); json(response, 200, {}); },
  'GET /_/counts': (q, request, response) => json(response, 200, { ...counts, uploads: uploads.size }),
};

const server = http.createServer(async (request, response) => {
  const [path, query] = request.url.split('?', 2);
  const q = new URLSearchParams(query);
  const route = routes[`${request.method} ${path}`];
  try {
    if (route) return await route(q, request, response);
    if (/^\/computeMetadata\/v1\/instance\/service-accounts\/[^/]+\/token$/.test(path))
      return request.headers['metadata-flavor'] === 'Google' ? json(response, 200, give()) : json(response, 403, {});
    return await api(request, response, q, path);
  } catch (e) {
    if (!response.headersSent && !request.socket.destroyed) return refuse(response, 500, 'backendError', e.message);
    return undefined;
  }
});
server.keepAliveTimeout = 60000;

const emulator = new StorageEmulator({ projectId: 'p', host: '127.0.0.1', port: 0, rules: { name: 'r', content: '' } });
EmulatorRegistry.url = () => new URL(`http://127.0.0.1:${inner}`);
const app = express();
app.use('/', createCloudEndpoints(emulator));
const emulated = app.listen(0, '127.0.0.1', () => {
  inner = emulated.address().port;
  server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
});
process.on('SIGTERM', () => process.exit(0));
