"""The embedded stores, which enforce access as the real ones do; nothing in here knows a stack."""
