// megalodon finds out what the server speaks, registers, signs in and posts. As in masto.mjs a person opens the printed address.
import { createRequire } from "node:module";
import { createInterface } from "node:readline/promises";

const megalodon = createRequire(process.env.MODULES + "/")("megalodon");
const generator = megalodon.default;
const url = process.argv[2];
const lines = createInterface({ input: process.stdin });

const sns = await megalodon.detector(url);
const open = generator(sns, url);
const app = await open.registerApp("megalodon tests", { scopes: ["read", "write", "follow"], redirect_uris: "urn:ietf:wg:oauth:2.0:oob" });
console.log(app.url);
const code = (await lines[Symbol.asyncIterator]().next()).value.trim();
const token = await open.fetchAccessToken(app.client_id, app.client_secret, code, "urn:ietf:wg:oauth:2.0:oob");
const client = generator(sns, url, token.access_token);
const me = (await client.verifyAccountCredentials()).data;
const status = (await client.postStatus("hello from megalodon", { visibility: "public" })).data;
const home = (await client.getHomeTimeline()).data;
const instance = (await client.getInstance()).data;
await client.revokeToken(app.client_id, app.client_secret, token.access_token);
let after = "still works";
try { await client.verifyAccountCredentials(); } catch (error) { after = String(error.response?.status ?? error); }
console.log(JSON.stringify({ sns, acct: me.acct, content: status.content, home: home.map((s) => s.id === status.id), title: instance.title, after }));
lines.close();
