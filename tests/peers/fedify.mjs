/**
 * A person on another server, built on Fedify: a peer that follows, answers, likes, edits and takes back, and that verifies
 * every signature itself. It speaks to the tests on a second loopback port.
 *
 *   node fedify.mjs FORM
 *
 * FORM is "rfc9421" or "cavage": what it signs with first, and the only form in which it takes a delivery or answers a
 * signed GET; the other one gets 401, as from software that knows one form alone. Prints {"peer", "control"}, the two
 * addresses, and ends with its standard input.
 */
import { createServer } from "node:http";
import { createFederation, generateCryptoKeyPair, InProcessMessageQueue, MemoryKvStore } from "@fedify/fedify";
import * as as from "@fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";

globalThis.navigator ??= { userAgent: `Node.js/${process.versions.node}` }; // before Node 21 there is none, and Fedify looks
const NAME = "ferdi";
const form = process.argv[2];
const spec = { rfc9421: "rfc9421", cavage: "draft-cavage-http-signatures-12" }[form];
if (spec === undefined) throw new Error("node fedify.mjs rfc9421|cavage");

/** Notes by their number, deliveries taken from others, what was sent under its id, and the requests as they came and went. */
const notes = new Map();
const received = [];
const sent = new Map();
const requests = [];
const went = [];

const fetched = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  const record = { method: request.method, url: request.url, form: formOf(request) };
  const response = await fetched(request);
  went.push({ ...record, status: response.status });
  return response;
};

const web = createServer((request, response) => answer(request, response, serve));
const control = createServer((request, response) => answer(request, response, obey));
const [peer, controls] = await Promise.all([listen(web), listen(control)]);

const FORMS_TAKEN = ["forms"];

/** Forgets which form a server took last: Fedify 2.3.6 signs the fragment of a key's address too, which no server is sent, so
 * its first question for a key fails under RFC 9421, and it would speak draft-cavage from then on. */
class ForgetfulKvStore extends MemoryKvStore {
  async set(key, value, options) {
    if (key[0] !== FORMS_TAKEN[0]) await super.set(key, value, options);
  }
}

const federation = createFederation({
  kv: new ForgetfulKvStore(),
  kvPrefixes: { httpMessageSignaturesSpec: FORMS_TAKEN },
  queue: new InProcessMessageQueue(),
  origin: peer,
  firstKnock: spec,
  allowPrivateAddress: true,
  onOutboxError: (error, activity) => console.error(`not sent: ${activity?.id?.href}: ${error}`),
});
const keys = [await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"), await generateCryptoKeyPair("Ed25519")];

federation
  .setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
    if (identifier !== NAME) return null;
    const pairs = await ctx.getActorKeyPairs(identifier);
    return new as.Person({
      id: ctx.getActorUri(identifier),
      preferredUsername: identifier,
      name: "Ferdi",
      inbox: ctx.getInboxUri(identifier),
      outbox: ctx.getOutboxUri(identifier),
      followers: ctx.getFollowersUri(identifier),
      endpoints: new as.Endpoints({ sharedInbox: ctx.getInboxUri() }),
      publicKey: pairs[0].cryptographicKey,
      assertionMethods: pairs.map((pair) => pair.multikey),
    });
  })
  .setKeyPairsDispatcher((ctx, identifier) => (identifier === NAME ? keys : []));
federation.setOutboxDispatcher("/users/{identifier}/outbox", () => ({ items: [] }));
federation.setFollowersDispatcher("/users/{identifier}/followers", () => ({ items: [] }));
federation.setObjectDispatcher(as.Note, "/notes/{number}", (ctx, { number }) => {
  const note = notes.get(number);
  return note === undefined || note.deleted ? null : document(ctx, number, note);
});
federation
  .setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .setSharedKeyDispatcher(() => ({ identifier: NAME }))
  .on(as.Activity, async (ctx, activity) => {
    received.push(await told(ctx, activity));
  })
  .onError((ctx, error) => console.error(`not taken: ${error?.stack ?? error}`));

/** An activity and what it carries: the ids as they came, the rest as Fedify trusted it or fetched it anew. */
async function told(ctx, activity) {
  const found = { type: typeOf(activity), id: activity.id?.href, actor: activity.actorId?.href, objectId: activity.objectId?.href };
  const object = await activity.getObject({ ...ctx, suppressError: true });
  if (object instanceof as.Activity) found.object = await told(ctx, object);
  else if (object !== null) found.object = { type: typeOf(object), id: object.id?.href, author: object.attributionId?.href };
  return found;
}

const typeOf = (object) => object.constructor.typeId.href.split("#")[1];

/** One of our notes as a document: public, for the one it answers and for the group it is in. */
function document(ctx, number, note) {
  return new as.Note({
    id: ctx.getObjectUri(as.Note, { number }),
    attribution: ctx.getActorUri(NAME),
    content: `<p>${note.text}</p>`,
    replyTarget: new URL(note.to),
    published: note.published,
    updated: note.updated,
    to: as.PUBLIC_COLLECTION,
    ccs: [ctx.getFollowersUri(NAME), ...note.copies.map((uri) => new URL(uri))],
    tags: [new as.Mention({ href: new URL(note.author), name: "@someone" })],
  });
}

async function send(ctx, Activity, values, recipients, key) {
  const id = new URL(`#${Activity.name.toLowerCase()}-${crypto.randomUUID()}`, ctx.getActorUri(NAME));
  const activity = new Activity({ id, actor: ctx.getActorUri(NAME), to: as.PUBLIC_COLLECTION, ...values });
  const actors = await Promise.all(recipients.map((uri) => lookup(ctx, uri)));
  sent.set(id.href, { activity, recipients });
  await ctx.sendActivity({ identifier: NAME }, actors, activity, { orderingKey: key });
  return { id: id.href };
}

/** An object by its address, asked for with a signature. */
async function lookup(ctx, uri) {
  const documentLoader = await ctx.getDocumentLoader({ identifier: NAME });
  const found = await ctx.lookupObject(uri, { documentLoader });
  if (found === null) throw new Error(`nothing at ${uri}`);
  return found;
}

const tellOf = (ctx, number, note, Activity) =>
  send(ctx, Activity, { object: document(ctx, number, note), ccs: note.copies.map((uri) => new URL(uri)) }, note.copies, number);

const numberOf = (uri) => uri.split("/").at(-1);

/** What the tests may ask for. */
const orders = {
  follow: async (ctx, { whom }) => send(ctx, as.Follow, { object: new URL(whom), to: new URL(whom) }, [whom], whom),
  reply: async (ctx, { to, text }) => {
    const parent = await lookup(ctx, to);
    const author = parent.attributionId.href;
    const copies = [...new Set([author, ...(parent.audienceIds ?? []).map((uri) => uri.href)])].filter(
      (uri) => uri !== ctx.getActorUri(NAME).href,
    );
    const number = String(notes.size + 1);
    const note = { text, to: parent.id.href, author, copies, published: Temporal.Now.instant() };
    notes.set(number, note);
    await tellOf(ctx, number, note, as.Create);
    return { id: ctx.getObjectUri(as.Note, { number }).href };
  },
  edit: async (ctx, { id, text }) => {
    const note = notes.get(numberOf(id));
    Object.assign(note, { text, updated: Temporal.Now.instant() });
    return tellOf(ctx, numberOf(id), note, as.Update);
  },
  delete: async (ctx, { id }) => {
    const note = notes.get(numberOf(id));
    note.deleted = true;
    return send(ctx, as.Delete, { object: new as.Tombstone({ id: new URL(id) }) }, note.copies, numberOf(id));
  },
  like: async (ctx, { what }) => {
    const author = (await lookup(ctx, what)).attributionId.href;
    return send(ctx, as.Like, { object: new URL(what), to: new URL(author) }, [author], what);
  },
  undo: async (ctx, { id }) => {
    const { activity, recipients } = sent.get(id);
    return send(ctx, as.Undo, { object: activity }, recipients, activity.objectId.href);
  },
  /** A thread as its collection lists it, every post fetched from its own server; what is gone there is left out. */
  thread: async (ctx, { uri }) => {
    const documentLoader = await ctx.getDocumentLoader({ identifier: NAME });
    const found = [];
    for await (const item of ctx.traverseCollection(await lookup(ctx, uri), { documentLoader, suppressError: true })) {
      found.push({ id: item.id.href, author: item.attributionId.href, to: item.replyTargetId?.href ?? null, html: String(item.content) });
    }
    return found;
  },
  lookup: async (ctx, { uri }) => (await lookup(ctx, uri)).toJsonLd({ format: "compact" }),
  received: () => received,
  requests: () => requests,
  went: () => went,
};

async function obey(request) {
  const order = orders[new URL(request.url).pathname.slice(1)];
  if (order === undefined) return new Response(null, { status: 404 });
  return Response.json(await order(federation.createContext(new URL(peer), undefined), await request.json()));
}

function formOf(request) {
  if (request.headers.has("signature-input")) return "rfc9421";
  return request.headers.has("signature") ? "cavage" : "none";
}

async function serve(request) {
  const came = formOf(request);
  const record = { method: request.method, path: new URL(request.url).pathname, form: came, status: 0 };
  requests.push(record);
  const refused = came !== form && (came !== "none" || request.method === "POST");
  const response = refused
    ? new Response("another form, please", { status: 401 })
    : await federation.fetch(request, { contextData: undefined });
  record.status = response.status;
  return response;
}

async function answer(request, response, handle) {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
    const address = new URL(request.url, `http://${request.headers.host}`);
    const given = await handle(new Request(address, { method: request.method, headers: request.headers, body }));
    response.writeHead(given.status, Object.fromEntries(given.headers));
    response.end(Buffer.from(await given.arrayBuffer()));
  } catch (error) {
    console.error(error);
    response.writeHead(500, { "content-type": "text/plain" });
    response.end(String(error?.stack ?? error));
  }
}

function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}

process.stdin.on("end", () => process.exit(0)).resume();
console.log(JSON.stringify({ peer, control: controls }));
