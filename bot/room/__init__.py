"""The browser room: a chat on this computer that needs no account, with people who are names and nothing more."""
