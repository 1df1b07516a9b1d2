"""Documents: what this server says in ActivityPub, rendered from the database when it is asked for or sent.

Content is loaded through the rule for whoever reads it; retractions carry ids alone. Nothing is rendered ahead of time, so
what was narrowed or taken back since is narrowed or gone.
"""

from fedi_community.documents.documents import Documents

__all__ = ["Documents"]
