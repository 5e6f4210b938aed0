"""The Safety Net, and the account held against the log: who owns what, asked again and again."""
