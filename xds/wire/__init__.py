"""Protobuf on the wire: the few parts of it that serving needs, at the speed that serving needs."""
