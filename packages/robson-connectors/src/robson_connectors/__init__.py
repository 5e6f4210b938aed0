"""Venue connectors of Robson, found by entry point; transport shared by all of them."""

from robson_connectors.discovery import Factory, Plugin, Plugins, discover

__all__ = ["Factory", "Plugin", "Plugins", "discover"]
