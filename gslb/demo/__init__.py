"""The demo: toy sites that can die, hang and fail, and the real server in front of them."""
