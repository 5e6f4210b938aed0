"""Robson as a service: the daemon, its API and page, and the command line."""
