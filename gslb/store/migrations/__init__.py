"""The steps of the store's schema, for Alembic; `gslb.store.migrate` runs them."""
