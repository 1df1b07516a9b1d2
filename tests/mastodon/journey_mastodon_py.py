"""A member's day through Mastodon.py. Arguments: address, her token, another member's token, push endpoint. Prints what she saw."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from mastodon import Mastodon, StreamListener

url, token, other_token, endpoint, folder = sys.argv[1:6]
me = Mastodon(access_token=token, api_base_url=url, ratelimit_method="throw")
other = Mastodon(access_token=other_token, api_base_url=url, ratelimit_method="throw")
found: dict[str, Any] = {}
her, him = me.account_verify_credentials(), other.account_verify_credentials()

heard: list[str] = []


class Listener(StreamListener):
    def on_notification(self, notification: Any) -> None:
        heard.append(notification.type)


stream = me.stream_user(Listener(), run_async=True, reconnect_async=False)
time.sleep(1)
private, public = me.push_subscription_generate_keys()
subscribed = me.push_subscription_set(endpoint, public, mention_events=True, favourite_events=True)
found["push"] = [subscribed.alerts.mention, bool(subscribed.server_key)]
Path(folder, "push.json").write_text(json.dumps({"key": private["privkey"], "auth": private["auth"].hex()}))

picture = me.media_post(str(Path(folder, "picture.png")), description="a kettle on a stove", synchronous=True)
post = me.status_post("kettle journey #sleep", media_ids=[picture.id], visibility="public")
found["media"] = [post.media_attachments[0].description, post.media_attachments[0].type]
answer = other.status_post(f"@{her.acct} yes, a kettle", in_reply_to_id=post.id, visibility="public")
found["context"] = [s.id == answer.id for s in me.status_context(post.id).descendants]
found["boost"] = other.status_reblog(post.id).reblog.id == post.id
other.status_favourite(post.id)
poll = me.status_post("which?", poll=me.make_poll(["tea", "milk"], 600), visibility="public")
voted = other.poll_vote(poll.poll.id, [1])
found["poll"] = [voted.voted, voted.votes_count]
edited = me.status_update(post.id, "kettle journey, edited", media_ids=[picture.id])
found["edit"] = ["edited" in edited.content, len(me.status_history(post.id)), me.status_source(post.id).text]
found["search"] = [s.id == post.id for s in me.search_v2("kettle edited", result_type="statuses").statuses]
me.account_follow(him.id)
listed = me.list_create("near")
me.list_accounts_add(listed.id, [him.id])
found["list"] = [a.acct for a in me.list_accounts(listed.id)]
made = me.create_filter_v2(
    "noise", ["home"], "warn", keywords_attributes=[{"keyword": "racket", "whole_word": True}]
)
other.status_post("what a racket", visibility="public")
found["filter"] = [
    s.filtered[0].filter.title for s in me.timeline_home() if s.filtered and s.account.id == him.id
]
me.delete_filter_v2(made.id)
found["told"] = sorted({n.type for n in me.notifications()})
found["bookmark"] = me.status_bookmark(answer.id).bookmarked and len(me.bookmarks()) == 1
time.sleep(2)
found["heard"] = sorted(set(heard))
stream.close()
me.status_delete(poll.id)
found["deleted"] = [s.id for s in me.account_statuses(her.id) if s.id == poll.id]
me.push_subscription_delete()
print(json.dumps(found), flush=True)
