// A member's day through masto.js or megalodon. Arguments: library, address, her token, another member's token, folder with a picture.
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { createReadStream, openAsBlob } from "node:fs";

const [library, url, token, otherToken, folder] = process.argv.slice(2);
const require = createRequire(process.env.MODULES + "/");
const found = {};
const pause = (ms) => new Promise((done) => setTimeout(() => done(null), ms));
async function until(act) { while (!(await act())); } // a socket says nothing when its subscription has begun
const picture = `${folder}/picture.png`;

async function masto() {
  const { createRestAPIClient } = require("masto");
  const me = createRestAPIClient({ url, accessToken: token });
  const other = createRestAPIClient({ url, accessToken: otherToken });
  const her = await me.v1.accounts.verifyCredentials(), him = await other.v1.accounts.verifyCredentials();
  const media = await me.v2.media.create({ file: await openAsBlob(picture), description: "a kettle on a stove" });
  const post = await me.v1.statuses.create({ status: "masto journey #sleep", visibility: "public", mediaIds: [media.id] });
  found.media = post.mediaAttachments[0].description;
  const answer = await other.v1.statuses.create({ status: `@${her.acct} yes`, inReplyToId: post.id, visibility: "public" });
  found.context = (await me.v1.statuses.$select(post.id).context.fetch()).descendants.map((s) => s.id === answer.id);
  found.boost = (await other.v1.statuses.$select(post.id).reblog()).reblog.id === post.id;
  const asked = await me.v1.statuses.create({ status: "which?", visibility: "public", poll: { options: ["tea", "milk"], expiresIn: 600 } });
  found.poll = (await other.v1.polls.$select(asked.poll.id).votes.create({ choices: [0] })).voted;
  const edited = await me.v1.statuses.$select(post.id).update({ status: "masto journey, edited", mediaIds: [media.id] });
  found.edit = [edited.content.includes("edited"), (await me.v1.statuses.$select(post.id).source.fetch()).text];
  found.search = (await me.v2.search.list({ q: "masto edited", type: "statuses" })).statuses.map((s) => s.id === post.id);
  await me.v1.accounts.$select(him.id).follow();
  const list = await me.v1.lists.create({ title: "near" });
  await me.v1.lists.$select(list.id).accounts.create({ accountIds: [him.id] });
  found.list = (await me.v1.lists.$select(list.id).accounts.list()).map((a) => a.acct);
  const filter = await me.v2.filters.create({ title: "noise", context: ["home"], filterAction: "warn", keywordsAttributes: [{ keyword: "racket" }] });
  await other.v1.statuses.create({ status: "what a racket", visibility: "public" });
  found.filter = (await me.v1.timelines.home.list()).filter((s) => s.filtered?.length).map((s) => s.filtered[0].filter.title);
  await me.v2.filters.$select(filter.id).remove();
  found.told = [...new Set((await me.v1.notifications.list()).map((n) => n.type))].sort();
  found.groups = (await me.v2.notifications.list()).notificationGroups.length > 0;
  const { createStreamingAPIClient } = require("masto");
  const streamingApiUrl = (await me.v2.instance.fetch()).configuration.urls.streaming;
  const socket = createStreamingAPIClient({ streamingApiUrl, accessToken: token, implementation: require("ws") });
  const heard = (async () => {
    for await (const event of socket.user.notification.subscribe()) if (event.event === "notification") return event.payload.type;
  })();
  await until(async () => {
    await other.v1.statuses.create({ status: `@${her.acct} are you there?`, visibility: "public" });
    return Promise.race([heard, pause(300)]);
  });
  found.heard = await heard;
  socket.close();
  await me.v1.statuses.$select(asked.id).remove();
  found.deleted = (await me.v1.accounts.$select(her.id).statuses.list()).some((s) => s.id === asked.id);
}

async function megalodon() {
  const generator = require("megalodon").default;
  const me = generator("mastodon", url, token), other = generator("mastodon", url, otherToken);
  const her = (await me.verifyAccountCredentials()).data, him = (await other.verifyAccountCredentials()).data;
  const post = (await me.postStatus("megalodon journey #sleep", { visibility: "public" })).data;
  const answer = (await other.postStatus(`@${her.acct} yes`, { in_reply_to_id: post.id, visibility: "public" })).data;
  found.context = (await me.getStatusContext(post.id)).data.descendants.map((s) => s.id === answer.id);
  found.boost = (await other.reblogStatus(post.id)).data.reblog.id === post.id;
  const asked = (await me.postStatus("which?", { visibility: "public", poll: { options: ["tea", "milk"], expires_in: 600 } })).data;
  found.poll = (await other.votePoll(asked.poll.id, [0], asked.id)).data.voted;
  found.edit = (await me.editStatus(post.id, { status: "megalodon journey, edited" })).data.content.includes("edited");
  found.search = (await me.search("megalodon edited", { type: "statuses" })).data.statuses.map((s) => s.id === post.id);
  await me.followAccount(him.id);
  const list = (await me.createList("near")).data;
  await me.addAccountsToList(list.id, [him.id]);
  found.list = (await me.getAccountsInList(list.id)).data.map((a) => a.acct);
  const filter = (await me.createFilter("racket", ["home"])).data;
  found.filter = (await me.getFilters()).data.map((f) => f.phrase);
  await me.deleteFilter(filter.id);
  found.told = [...new Set((await me.getNotifications()).data.map((n) => n.type))].sort();
  const picked = (await me.uploadMedia(createReadStream(picture), { description: "a kettle on a stove" })).data;
  const shown = (await me.postStatus("with a kettle", { visibility: "public", media_ids: [picked.id] })).data;
  found.media = shown.media_attachments[0].description;
  const stream = await me.userStreaming();
  const heard = new Promise((done) => stream.on("update", (status) => done(status.content)));
  await until(async () => {
    await me.postStatus("said while listening", { visibility: "public" });
    return Promise.race([heard, pause(300)]);
  });
  found.heard = await heard;
  stream.stop();
  await me.deleteStatus(asked.id);
  found.deleted = (await me.getAccountStatuses(her.id)).data.some((s) => s.id === asked.id);
}

await ({ masto, megalodon })[library]();
console.log(JSON.stringify(found));
process.exit(0);
