"""What those who run a group do with its posts and people. Pure.

`acts` is for people of this server and asks whether they may; `bans` keeps people out; `peers` is for what moderators elsewhere
sent, whose handlers have asked. `announcing` says how other servers hear of it: from the group itself, never who acted.
"""
