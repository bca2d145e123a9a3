"""Where matches come from. A source is a module that turns its own wire format into `Found` matches
(found.py); what becomes of them is decided in one place, record.py. A new source is one module here."""
