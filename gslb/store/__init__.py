"""The SQL store: the truth about what an operator has said, open to plain SQL.

tables     what is kept, and an operator's session with the shell
store      look, read, commit, adopt, revisions, audit, tokens
reading    rows to model             writing  model to rows
engine     connections, transactions, the file        migrate  the schema, step by step
whole      calls that a cancelled caller still waits for
"""

from gslb.store.engine import StoreBusy, StoreDown
from gslb.store.store import AuditRow, Look, Revision, Source, Store, Stored, open_store
from gslb.store.tokens import Role, Token

__all__ = [
    "AuditRow",
    "Look",
    "Revision",
    "Role",
    "Source",
    "Store",
    "StoreBusy",
    "StoreDown",
    "Stored",
    "Token",
    "open_store",
]
