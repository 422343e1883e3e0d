"""Protobuf encoding and decoding of the messages that serving needs, optimised for speed."""
