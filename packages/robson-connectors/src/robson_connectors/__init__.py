"""Venue connectors of Robson, found by entry point; transport shared by all of them."""
