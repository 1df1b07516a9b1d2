"""Entities as strict clients decode them, one file a family: a schema (a constant) beside the function that fills it.

`entities.STATUS` is the schema that an endpoint names as its answer, `entities.status(…)` makes one. Functions take rows that were
loaded already; none asks the database.
"""

from fedi_community.mastodon.entities.accounts import (
    ACCOUNT,
    CREDENTIAL_ACCOUNT,
    EMOJI,
    RELATIONSHIP,
    VISIBILITIES,
    account,
    credential_account,
    day,
    moment,
    page_url,
    relationship,
)
from fedi_community.mastodon.entities.apps import (
    APPLICATION,
    CREDENTIAL_APPLICATION,
    METADATA,
    TOKEN,
    USER_INFO,
    application,
    credential_application,
    token,
)
from fedi_community.mastodon.entities.instance import (
    EXTENDED_DESCRIPTION,
    INSTANCE,
    INSTANCE_V1,
    LANGUAGE,
    PRIVACY_POLICY,
    RULE,
    TERMS,
)
from fedi_community.mastodon.entities.schema import (
    ANYTHING,
    BOOL,
    COUNT,
    EMPTY,
    ERROR,
    ID,
    INT,
    MOMENT,
    SCHEMAS,
    STR,
    URL,
    Schema,
    entity,
    many,
    maybe,
    one_of,
    ref,
    shape,
)
from fedi_community.mastodon.entities.statuses import (
    CONTEXT,
    MEDIA,
    POLL,
    SEARCH,
    SOURCE_TEXT,
    STATUS,
    TAG,
    attachment,
    card,
    content_of,
    poll,
    post_url,
    source,
    status,
    tag,
)

__all__ = [
    "ACCOUNT", "ANYTHING", "APPLICATION", "BOOL", "CONTEXT", "COUNT", "CREDENTIAL_ACCOUNT", "CREDENTIAL_APPLICATION",
    "EMOJI", "EMPTY", "ERROR", "EXTENDED_DESCRIPTION", "ID", "INSTANCE", "INSTANCE_V1", "INT", "LANGUAGE", "MEDIA", "METADATA",
    "MOMENT", "POLL", "PRIVACY_POLICY", "RELATIONSHIP", "RULE", "SCHEMAS", "SEARCH", "SOURCE_TEXT", "STATUS", "STR", "TAG",
    "TERMS", "TOKEN", "URL", "USER_INFO", "VISIBILITIES", "Schema", "account", "application", "attachment", "card",
    "content_of", "credential_account", "credential_application", "day", "entity", "many", "maybe", "moment", "one_of",
    "page_url", "poll", "post_url", "ref", "relationship", "shape", "source", "status", "tag", "token",
]  # fmt: skip
