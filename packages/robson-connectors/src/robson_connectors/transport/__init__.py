"""The only place of the connectors that opens sockets.

Nothing is imported here: who speaks HTTP needs no websocket library, and the other way round.
"""
