"""A connector for the Toybox exchange."""

from robson_toybox.connector import ToyboxConnector, connector

__all__ = ["ToyboxConnector", "connector"]
