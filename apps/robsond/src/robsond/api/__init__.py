"""The HTTP API and the socket: thin handlers over the facade, behind one gate."""
