"""Pictures, films and sounds that members upload: what they are, made safe, kept on disk, and the addresses they have.

- `kinds` says by its content what a file is, and which sizes are taken; nothing believes the client's word.
- `worker` is run as a process of its own for one file: it decodes, strips, re-encodes. It is killed when it takes too long.
- `store` keeps the files, `addresses` makes and reads their addresses.

Nothing here knows posts, people or the database; who may have a file is asked by whoever serves it.
"""
