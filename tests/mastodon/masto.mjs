// masto.js signs in: registers, asks for a code (a person opens the address it prints and answers on standard input), exchanges
// it, posts, reads and revokes. Arguments: the server's address.
import { createRequire } from "node:module";
import { createInterface } from "node:readline/promises";

const { createRestAPIClient, createOAuthAPIClient } = createRequire(process.env.MODULES + "/")("masto");
const url = process.argv[2];
const redirectUri = "urn:ietf:wg:oauth:2.0:oob";
const scopes = "read write follow push";
const lines = createInterface({ input: process.stdin });

const open = createRestAPIClient({ url });
const instance = await open.v2.instance.fetch();
const app = await open.v1.apps.create({ clientName: "masto tests", redirectUris: redirectUri, scopes });
const query = new URLSearchParams({ response_type: "code", client_id: app.clientId, redirect_uri: redirectUri, scope: scopes });
console.log(`${url}/oauth/authorize?${query}`);
const code = (await lines[Symbol.asyncIterator]().next()).value.trim();

const oauth = createOAuthAPIClient({ url });
const token = await oauth.token.create({
  clientId: app.clientId, clientSecret: app.clientSecret, redirectUri, code, grantType: "authorization_code", scope: scopes,
});
const client = createRestAPIClient({ url, accessToken: token.accessToken });
const me = await client.v1.accounts.verifyCredentials();
const status = await client.v1.statuses.create({ status: "hello from masto", visibility: "public" });
const home = await client.v1.timelines.home.list();
const pages = [];
for await (const page of client.v1.accounts.$select(me.id).statuses.list({ limit: 1 })) pages.push(page.length);
await oauth.revoke({ clientId: app.clientId, clientSecret: app.clientSecret, token: token.accessToken });
let after = "still works";
try { await client.v1.accounts.verifyCredentials(); } catch (error) { after = String(error.statusCode); }
console.log(JSON.stringify({
  version: instance.version, acct: me.acct, privacy: me.source.privacy, content: status.content, home: home.map((s) => s.id === status.id),
  pages, after,
}));
lines.close();
