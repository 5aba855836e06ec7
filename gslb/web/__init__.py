"""The operator's page: static files, without data of their own."""
